import http from 'k6/http';
import { k6Hooks, k6Transport } from '../../../load/k6/shopper.ts';
import { describe } from '../../../synthetics/journeys/failures.ts';
import { journeys } from '../../../synthetics/journeys/index.ts';
import { runJourney } from '../../../synthetics/journeys/run.ts';
import { type Cell, planOf, type Told, token } from './cells.ts';

const cells = JSON.parse(open(__ENV.CELLS ?? '')) as Cell[];

export const options = { iterations: 1, vus: 1 };

/** Runs each cell and hands what it made to the test. */
export default async function runCells(): Promise<void> {
  for (const cell of cells) {
    const journey = journeys.find(({ name }) => name === cell.journey);
    if (!journey) throw new Error(`no journey ${cell.journey}`);
    const rules: Told[] = [];
    const rule = (text: string, holds: boolean, seen: unknown, step: string) => {
      k6Hooks.rule?.(text, holds, seen, step);
      rules.push({ rule: text, holds, seen: describe(seen), step });
    };
    const { context, route } = planOf(cell);
    const record = await runJourney(journey, context, k6Transport({ token: () => token }), route, { ...k6Hooks, rule });
    http.post(__ENV.COLLECT ?? '', JSON.stringify({ cell, record, rules }));
  }
}
