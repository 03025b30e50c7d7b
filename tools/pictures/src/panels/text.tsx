// Words in Markdown.
import { renderTextPanelMarkdown } from '@grafana/data';
import type { PanelProps } from './box';

export function Text({ drawn }: PanelProps) {
  const html = renderTextPanelMarkdown(drawn.panel.options?.content ?? '');
  return <div className="markdown-html" dangerouslySetInnerHTML={{ __html: html }} />;
}
