import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import { typescript } from '../../scripts/typescript.ts';
import { readUnderWay, type UnderWay, underWayFolder } from '../../synthetics/monitor/under-way.ts';
import { startNamedStore } from '../acceptance/support.ts';

const root = join(__dirname, '../..');

export interface GateRun {
  readonly build: 'good' | 'failing' | 'slow' | 'costly' | 'no-secret';
  readonly code: 0 | 1;
  /** What the first line says. */
  readonly says: RegExp;
}

/** A release that is good, and four that are not. */
export const gateRuns: readonly GateRun[] = [
  { build: 'good', code: 0, says: /pass: health, journeys, target, autoscale, cosmos-ru passed/ },
  { build: 'failing', code: 1, says: /fail: journeys: search › .* got 500/ },
  { build: 'slow', code: 1, says: /fail: target: latency p95 [\d,]+ ms is over 200 ms/ },
  { build: 'costly', code: 1, says: /fail: cosmos-ru: browse costs [\d.]+ ± [\d.]+ RU, over its budget of 46 RU/ },
  { build: 'no-secret', code: 1, says: /fail: health: .*configuration not resolved: LOYALTY_API_KEY/ },
];

interface GateOutcome {
  readonly code: number;
  readonly firstLine: string;
  readonly output: string;
  readonly errors: string;
  readonly events: readonly string[];
  /** What it told the monitor, which keeps results of the time out of objectives. */
  readonly announced: readonly UnderWay[];
}

/** `npm run gate` on local-preprod with a build, in a store of its own. */
export async function runGate(build: GateRun['build'], timeScale?: number): Promise<GateOutcome> {
  const store = await startNamedStore(`gate-${build}`, {
    change: ({ name }) => ({ ...loadEnvironment('local-preprod', {}), name }),
    ...(timeScale === undefined ? {} : { timeScale }),
  });
  const notes = underWayFolder(store.environment.name);
  try {
    const { status, json } = await store.admin('POST', '/admin/stamps/westeurope/deploy', { build });
    if (status >= 400) throw new Error(`${build} was not deployed: ${JSON.stringify(json)}`);
    const ended = await gate(store.environmentFile);
    const folder = /^reports: (reports\/gate-\S+)$/m.exec(ended.output)?.[1];
    if (folder) rmSync(join(root, folder), { recursive: true, force: true });
    const events = (await store.table('AppEvents')).map(({ Name }) => String(Name));
    return { ...ended, events, announced: readUnderWay(notes, Date.now(), () => undefined) };
  } finally {
    rmSync(notes, { recursive: true, force: true });
    await store.close();
  }
}

function gate(environmentFile: string): Promise<Omit<GateOutcome, 'events' | 'announced'>> {
  const args = [...typescript, join(root, 'scripts/gate.ts'), '--env', environmentFile];
  const env = { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', NODE_OPTIONS: undefined };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, env }, (error, output, errors) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, output, errors, firstLine: output.split('\n')[0] ?? '' });
    });
  });
}
