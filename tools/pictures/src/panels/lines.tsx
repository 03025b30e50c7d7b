// Lines of logs, the newest first. Grafana's own panel is not in its libraries; this has its columns and colours.
import { dateTimeFormat } from '@grafana/data';
import { Nothing, type PanelProps } from './box';

const LEVELS: Record<string, string> = {
  critical: 'purple',
  error: 'red',
  warning: 'orange',
  info: 'green',
  debug: 'blue',
  trace: 'light-blue',
};

export function Lines({ drawn, theme }: PanelProps) {
  if (!drawn.lines.length) {
    return <Nothing words={drawn.panel.fieldConfig?.defaults.noValue} />;
  }
  const mono = { fontFamily: theme.typography.fontFamilyMonospace, fontSize: 12, lineHeight: '20px' };
  return (
    <div style={{ height: '100%', overflow: 'hidden', ...mono }}>
      {drawn.lines.map((line, index) => (
        <div key={index} style={{ display: 'flex', gap: 12, whiteSpace: 'pre-wrap' }}>
          <span style={{ background: theme.visualization.getColorByName(LEVELS[line.level] ?? 'gray'), width: 3, flex: 'none' }} />
          <span style={{ color: theme.colors.text.secondary, flex: 'none' }}>
            {dateTimeFormat(line.time, { format: 'YYYY-MM-DD HH:mm:ss.SSS', timeZone: 'utc' })}
          </span>
          {line.fields.map((field, at) => (
            <span key={at} style={{ flex: 'none', width: 190, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}>
              {field}
            </span>
          ))}
          <span>{line.text}</span>
        </div>
      ))}
    </div>
  );
}
