import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { k6Path } from '../load/generator.ts';
import { startTinyShop } from '../tests/load/tiny-shop.ts';
import { type BenchRow, ratioOf } from './rows.ts';

/** Long enough that k6's start-up, which is taken off, is a small part of it. */
const iterations = 3_000;
const goal = { atMost: 1.15 };
const run = promisify(execFile);

/** CPU per iteration of the shared `browse` in k6, as a multiple of a hand-written script that sends and checks the same. */
export async function benchK6Journey(): Promise<BenchRow> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-k6-'));
  // In a process of its own, so that its work is not counted as k6's.
  const shop = fork(__filename, ['shop'], { execArgv: ['-r', 'ts-node/register'] });
  try {
    const [url] = (await once(shop, 'message')) as [string];
    const variables = { SHOP_URL: url, TARGET_ENV: environmentFile(folder, url) };
    const shared = await measured('shared.ts', variables);
    const byHand = await measured('by-hand.ts', variables);
    return await ratioOf('k6: CPU per iteration, shared journey ÷ by hand', shared, byHand, goal);
  } finally {
    shop.disconnect();
    await once(shop, 'exit');
    rmSync(folder, { recursive: true });
  }
}

/** How to measure a script: CPU milliseconds per iteration, start-up apart. */
async function measured(script: string, variables: Record<string, string>): Promise<() => Promise<number>> {
  await cpuMs(script, variables, 4);
  const startUpMs = await cpuMs(script, variables, 4);
  return async () => ((await cpuMs(script, variables, iterations)) - startUpMs) / iterations;
}

/** User and system CPU of one k6 process. Throws where a request, a check or an iteration failed: then nothing was compared. */
async function cpuMs(script: string, variables: Record<string, string>, times: number): Promise<number> {
  const k6 = [
    k6Path(),
    'run',
    '--quiet',
    '--address',
    '',
    '--no-usage-report',
    '--summary-mode',
    'disabled',
    join(__dirname, 'k6', script),
  ];
  // The shell's own clock: Node doesn't tell what a child process used.
  const args = ['-c', 'TIMEFORMAT=\'cpu %U %S\'; time "$@"', 'bash', ...k6];
  const { stderr } = await run('bash', args, { env: { ...process.env, ...variables, ITERATIONS: String(times) } });
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  if (stderr.includes('level=') || user === undefined) throw new Error(`${script}: ${stderr}`);
  return (Number(user) + Number(system)) * 1000;
}

function environmentFile(folder: string, url: string): string {
  const local = JSON.parse(readFileSync(join(__dirname, '../fixtures/environments/local.json'), 'utf8')) as Record<
    string,
    object
  >;
  const [stamp] = local.stamps as [object];
  const environment = {
    ...local,
    auth: { ...local.auth, tokenEndpoint: `${url}/token` },
    stamps: [{ ...stamp, endpoint: url, slots: [] }],
    global: undefined,
    load: { ...local.load, mix: { browse: 1 } },
  };
  const file = join(folder, 'environment.json');
  writeFileSync(file, JSON.stringify(environment));
  return file;
}

async function serve(): Promise<void> {
  const shop = await startTinyShop();
  process.once('disconnect', () => void shop.close());
  process.send?.(shop.url);
}

if (process.argv[2] === 'shop') void serve();
