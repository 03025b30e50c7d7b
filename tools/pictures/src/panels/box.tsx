// The frame around a panel, Grafana's own, and in it what belongs to the panel's type.
import { dateTime, type GrafanaTheme2, type TimeRange } from '@grafana/data';
import { PanelChrome } from '@grafana/ui';
import { Component, type ReactNode } from 'react';
import type { Board, Drawn } from '../answers';
import type { Placed } from '../layout';
import { Heatmap } from './heatmap';
import { Lines } from './lines';
import { Stat } from './stat';
import { TableOf } from './table';
import { Text } from './text';
import { Chart } from './timeseries';

export interface PanelProps {
  drawn: Drawn;
  width: number;
  height: number;
  theme: GrafanaTheme2;
  range: TimeRange;
}

const TYPES: Record<string, (props: PanelProps) => ReactNode> = {
  stat: Stat,
  timeseries: Chart,
  table: TableOf,
  heatmap: Heatmap,
  logs: Lines,
  text: Text,
};

export function PanelBox({
  drawn,
  placed,
  theme,
  board,
}: {
  drawn: Drawn;
  placed: Placed;
  theme: GrafanaTheme2;
  board: Board;
}) {
  const { panel } = drawn;
  const Type = TYPES[panel.type];
  const from = dateTime(board.window.start * 1000);
  const to = dateTime(board.window.end * 1000);
  const range = { from, to, raw: { from, to } };
  return (
    <div data-panel={panel.title} data-type={panel.type}>
      <PanelChrome title={panel.title} description={panel.description} width={placed.width} height={placed.height}>
        {(width, height) => (
          <Guard>
            <div data-content style={{ width, height, position: 'relative', overflow: 'hidden' }}>
              {Type ? (
                <Type drawn={drawn} width={width} height={height} theme={theme} range={range} />
              ) : (
                <Nothing words={`no drawing for panels of type '${panel.type}'`} />
              )}
            </div>
          </Guard>
        )}
      </PanelChrome>
    </div>
  );
}

/** What a panel says where there is nothing to draw. */
export function Nothing({ words }: { words?: string }) {
  const middle = { height: '100%', display: 'flex', alignItems: 'center', justifyContent: 'center' };
  return (
    <div data-nothing style={middle}>
      {words || 'No data'}
    </div>
  );
}

/** One panel that cannot be drawn does not take the others with it; what went wrong is a finding. */
class Guard extends Component<{ children: ReactNode }, { error: string }> {
  state = { error: '' };

  static getDerivedStateFromError(error: Error) {
    return { error: String(error.message ?? error) };
  }

  render() {
    return this.state.error ? <div data-broken={this.state.error}>{this.state.error}</div> : this.props.children;
  }
}
