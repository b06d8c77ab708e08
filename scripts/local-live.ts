import { styleText } from 'node:util';
import type { State } from '../fixtures/contoso/state.ts';

/** Enough to follow, and rarely enough to read. */
const refreshMs = 1_000;

const figure = (value: number | undefined, unit: string) => (value === undefined ? '–' : `${Math.round(value)}${unit}`);
const worst = (values: readonly (number | undefined)[]) =>
  values.reduce<number | undefined>((a, b) => (b === undefined ? a : Math.max(a ?? b, b)), undefined);

/** A row a stamp: instances, CPU of the busiest, its queue, RU/s of its region, and what Front Door's probes say. */
export function liveRows(state: State): string[][] {
  return state.stamps.map((stamp) => {
    const plan = state.plans.find(({ name }) => name === stamp.plan);
    const account = state.cosmosAccounts.find(({ account: name }) => name === stamp.cosmos);
    const origin = state.frontDoor?.origins.find(({ name }) => name === stamp.name);
    const production = stamp.slots.find(({ slot }) => slot === 'production');
    const instances = production?.instances ?? [];
    const warm = instances.filter((each) => each.state === 'warm').length;
    const health = !origin?.enabled ? 'no traffic' : origin.healthy ? 'healthy' : 'unhealthy';
    return [
      stamp.name,
      production?.build ?? '–',
      `${warm}/${instances.length}`,
      figure(worst(plan?.instances.map(({ cpuPercent }) => cpuPercent) ?? []), ' %'),
      figure(worst(plan?.instances.map(({ queueLength }) => queueLength) ?? []), ''),
      figure(account?.ruPerSecond[stamp.region], ''),
      stamp.inRotation ? health : 'out of rotation',
    ];
  });
}

const head = ['stamp', 'build', 'instances', 'CPU', 'queue', 'RU/s', 'health'];

/** The rows under their head, in columns. */
export function liveTable(state: State): string[] {
  const rows = [head, ...liveRows(state)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}

const colours = { healthy: 'green', unhealthy: 'red', 'out of rotation': 'yellow', 'no traffic': 'gray' } as const;
const coloured = (line: string) => {
  const word = (Object.keys(colours) as (keyof typeof colours)[]).find((each) => line.endsWith(`  ${each}`));
  return word ? line.slice(0, -word.length) + styleText(colours[word], word) : line;
};

/** Where a terminal says no width. */
const defaultColumns = 80;

/** Draws the table, and draws it again over itself; the function stops that. */
export function showLive(state: () => State, out: Pick<NodeJS.WriteStream, 'write' | 'columns'>): () => void {
  let drawn = 0;
  const draw = () => {
    // A line that wraps would be two to go back over.
    const width = (out.columns || defaultColumns) - 1;
    const lines = liveTable(state()).map((line) => coloured(line.slice(0, width)));
    const back = drawn > 0 ? `\u001b[${drawn}A\u001b[J` : '';
    out.write(`${back}${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  draw();
  const timer = setInterval(draw, refreshMs);
  return () => clearInterval(timer);
}
