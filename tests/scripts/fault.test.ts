import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { caFileOf } from '../../scripts/local-store.ts';
import { typescript } from '../../scripts/typescript.ts';
import { startTestStore, type TestStore } from '../support/store.ts';

const root = join(__dirname, '../..');
let store: TestStore;

beforeAll(async () => {
  // A name of its own: commands look for the store's CA by it.
  store = await startTestStore({ change: (environment) => ({ ...environment, name: `fault-test-${process.pid}` }) });
  mkdirSync(dirname(caFileOf(store.environment)), { recursive: true });
  copyFileSync(store.caFile, caFileOf(store.environment));
});
afterEach(() => store.admin('DELETE', '/admin/faults'));
afterAll(async () => {
  rmSync(caFileOf(store.environment), { force: true });
  await store.close();
});

/** `npm run fault -- …` against the store, or against another environment. */
async function fault(args: readonly string[], environment = store.environmentFile) {
  const script = join(root, 'scripts', 'fault.ts');
  const child = spawn(process.execPath, [...typescript, script, '--env', environment, ...args], { cwd: root });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code: code as number | null, text };
}

const inForce = async () => {
  const { json } = await store.admin('GET', '/admin/faults');
  return (json as { items: Record<string, unknown>[] }).items;
};

/** Another environment's file, beside the store's own, which goes with the store. */
function fileWith(environment: object): string {
  const file = join(dirname(store.environmentFile), 'other.json');
  writeFileSync(file, JSON.stringify(environment));
  return file;
}

// A process a command, and several in some tests: on a busy machine that takes its time.
describe('npm run fault', () => {
  it.each([
    ['a kind alone', ['payment-down'], { kind: 'payment-down' }],
    ['a region', ['region-down', '--region', 'westeurope', '--seconds', '30'], { kind: 'region-down', region: 'westeurope' }],
    [
      'a route with a status',
      ['route', '--route', 'GET /api/search', '--status', '503', '--probability', '0.5'],
      { kind: 'route', route: 'GET /api/search', status: 503, probability: 0.5 },
    ],
    ['a flag of two words', ['route', '--route', 'GET /api/search', '--delay-ms', '200'], { kind: 'route', delayMs: 200 }],
    ['a switch', ['route', '--route', 'GET /api/search', '--reset'], { kind: 'route', reset: true }],
  ])('switches on what it is told: %s', async (_, args, expected) => {
    const { code, text } = await fault(args);
    expect({ code, text }).toEqual({ code: 0, text: expect.stringMatching(/^\S+ [a-z-]+ \{.*\}, ends in \d+ s\n$/) });
    expect(await inForce()).toMatchObject([expected]);
  });

  it('lists what is in force, and clears one or all', async () => {
    expect((await fault(['--list'])).text).toBe('no faults in force\n');
    await fault(['payment-down']);
    const second = (await fault(['cosmos-reads', '--region', 'eastus'])).text.split(' ')[0] ?? '';
    const listed = await fault(['--list']);
    expect(listed.code).toBe(0);
    expect(listed.text).toMatch(/ payment-down .*\n.* cosmos-reads .*"region":"eastus"/);
    expect(await fault(['--clear', second])).toEqual({ code: 0, text: '1 fault cleared\n' });
    expect(await inForce()).toMatchObject([{ kind: 'payment-down' }]);
    await fault(['region-down', '--region', 'eastus']);
    expect(await fault(['--clear'])).toEqual({ code: 0, text: '2 faults cleared\n' });
    expect(await inForce()).toEqual([]);
    expect((await fault(['--clear'])).text).toBe('no faults were in force\n');
  });

  it.each([
    ['an unknown kind', ['payment-away'], ['payment-away', 'payment-down']],
    ['an unknown region', ['payment-down', '--region', 'mars'], ['region', 'mars', 'westeurope']],
    ['a share above one', ['payment-down', '--probability', '2'], ['probability', '2']],
    ['seconds that are no number', ['payment-down', '--seconds', 'soon'], ['seconds', 'soon']],
    ['an id that is not in force', ['--clear', 'nothing'], ['nothing']],
    ['an unknown flag', ['payment-down', '--regoin', 'eastus'], ['--regoin', '--region (did you mean it?)']],
    ['nothing at all', [], ['npm run fault -- <kind>', 'payment-down']],
    ['two kinds', ['payment-down', 'cosmos-reads'], ['npm run fault -- <kind>']],
  ])('refuses %s with 3, and changes nothing', async (_, args, parts) => {
    const { code, text } = await fault(args);
    for (const part of parts) expect(text).toContain(part);
    expect(text).not.toMatch(/^\s+at /m);
    expect(code).toBe(3);
    expect(await inForce()).toEqual([]);
  });

  it('says that the store is not running', async () => {
    const { local, ...rest } = store.environment;
    const file = fileWith({ ...rest, local: { ...local, controlEndpoint: 'https://localhost:1' } });
    const { code, text } = await fault(['payment-down'], file);
    expect(text).toMatch(/isn't running: npm run local starts it/);
    expect(code).toBe(3);
  });

  it('says that the store does not answer, within seconds', async () => {
    const { local, name, ...rest } = store.environment;
    const hung = createServer((asked, answer) => {
      if (asked.url === '/clock') answer.end('{"timeScale":1}');
      else if (asked.url === '/admin/state') answer.end(JSON.stringify({ environment: name }));
    });
    await new Promise<void>((resolve) => hung.listen(0, '127.0.0.1', resolve));
    const controlEndpoint = `http://127.0.0.1:${(hung.address() as AddressInfo).port}`;
    const { code, text } = await fault(['payment-down'], fileWith({ ...rest, name, local: { ...local, controlEndpoint } }));
    hung.closeAllConnections();
    hung.close();
    expect(text).toContain(`${controlEndpoint}/admin/faults did not answer within 5 s: the fault may be in force or not`);
    expect(text).not.toMatch(/^\s+at /m);
    expect(code).toBe(3);
  });

  it('has no store to break where the environment carries none', async () => {
    const { local: _, ...rest } = store.environment;
    const { code, text } = await fault(['payment-down'], fileWith(rest));
    expect(text).toContain('has no local');
    expect(code).toBe(3);
  });
});
