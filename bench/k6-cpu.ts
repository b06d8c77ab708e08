import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { k6Path } from '../load/generator.ts';
import { typescript } from '../scripts/typescript.ts';
import { startTinyShop } from '../tests/load/tiny-shop.ts';

const run = promisify(execFile);

/** Runs `use` beside a shop in a process of its own, so that its work is not counted as k6's. */
export async function withTinyShop<T>(use: (variables: Record<string, string>) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-k6-'));
  const shop = fork(__filename, ['shop'], { execArgv: [...typescript] });
  try {
    const [url] = (await once(shop, 'message')) as [string];
    return await use({ SHOP_URL: url, TARGET_ENV: environmentFile(folder, url) });
  } finally {
    shop.disconnect();
    await once(shop, 'exit');
    rmSync(folder, { recursive: true });
  }
}

/** User and system CPU milliseconds of one k6. Throws where a request, a check or an iteration failed: then nothing was compared. */
export async function k6CpuMs(args: readonly string[], variables: Record<string, string>): Promise<number> {
  // The shell's own clock: Node doesn't tell what a child process used.
  const timed = ['-c', 'TIMEFORMAT=\'cpu %U %S\'; time "$@"', 'bash', k6Path(), ...args];
  const { stderr } = await run('bash', timed, { env: { ...process.env, ...variables }, maxBuffer: 2 ** 30 });
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  if (stderr.includes('level=') || user === undefined) throw new Error(`${args.join(' ')}: ${stderr}`);
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
