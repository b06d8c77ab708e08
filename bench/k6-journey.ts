import { join } from 'node:path';
import { k6CpuMs, withTinyShop } from './k6-cpu.ts';
import { type BenchRow, ratioOf } from './rows.ts';

/** Long enough that k6's start-up, which is taken off, is a small part of it. */
const iterations = 3_000;
const goal = { atMost: 1.15 };

/** CPU per iteration of the shared `browse` in k6, as a multiple of a hand-written script that sends and checks the same. */
export function benchK6Journey(): Promise<BenchRow> {
  return withTinyShop(async (variables) => {
    const shared = await measured('shared.ts', variables);
    const byHand = await measured('by-hand.ts', variables);
    return ratioOf('k6: CPU per iteration, shared journey ÷ by hand', shared, byHand, goal);
  });
}

/** How to measure a script: CPU milliseconds per iteration, start-up apart. */
async function measured(script: string, variables: Record<string, string>): Promise<() => Promise<number>> {
  const args = [
    'run',
    '--quiet',
    '--address',
    '',
    '--no-usage-report',
    '--summary-mode',
    'disabled',
    join(__dirname, 'k6', script),
  ];
  const cpuMs = (times: number) => k6CpuMs(args, { ...variables, ITERATIONS: String(times) });
  await cpuMs(4);
  const startUpMs = await cpuMs(4);
  return async () => ((await cpuMs(iterations)) - startUpMs) / iterations;
}
