import { type ChildProcess, fork, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadEnvironment } from '../../../fixtures/environments/load.ts';
import type { Environment } from '../../../fixtures/environments/schema.ts';
import { caFileOf, contosoOptionsOf, detectStore, ensureStore } from '../../../scripts/local-store.ts';
import { typescript } from '../../../scripts/typescript.ts';
import { freePorts } from '../../support/free-ports.ts';
import { testCertificate } from '../app-service/doubles.ts';

const root = join(__dirname, '..', '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'local-store-'));
const name = `test-${process.pid}`;
const file = join(folder, 'environment.json');
const local = loadEnvironment('local', {});
let environment: Environment;

beforeAll(async () => {
  const [control, front, weu, weuStaging, eus, eusStaging] = (await freePorts(6)).map((port) => `https://localhost:${port}`);
  const endpoints = [
    [weu, weuStaging],
    [eus, eusStaging],
  ];
  environment = {
    ...local,
    name,
    global: { endpoint: front ?? '', headers: {} },
    auth: { ...local.auth, tokenEndpoint: `${control}/identity/oauth2/v2.0/token` } as Environment['auth'],
    stamps: local.stamps.map((stamp, index) => ({
      ...stamp,
      endpoint: endpoints[index]?.[0] ?? '',
      slots: stamp.slots.map((slot) => ({ ...slot, endpoint: endpoints[index]?.[1] ?? '' })),
    })),
    local: { adminToken: 'secret', seed: 1, timeScale: 60, controlEndpoint: control ?? '' },
  };
  writeFileSync(file, JSON.stringify(environment));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const state = async () => (await detectStore(environment)).kind;
const gone = () => vi.waitFor(async () => expect(await state()).toBe('absent'), { timeout: 60_000, interval: 50 });

describe('the options of the local store', () => {
  it('follow from the environment: ports from endpoints, instances from autoscale', () => {
    expect(contosoOptionsOf(local)).toMatchObject({
      environment: 'local',
      controlPort: 8440,
      globalPort: 8443,
      stamps: [
        { name: 'westeurope', role: 'active', port: 8444, slots: [{ name: 'staging', port: 8445 }] },
        { name: 'eastus', role: 'active', port: 8446, slots: [{ name: 'staging', port: 8447 }] },
      ],
      plans: [
        { name: 'plan-westeurope', instances: 2 },
        { name: 'plan-eastus', instances: 2 },
      ],
      client: { id: 'synthetic-shoppers', scope: 'api://contoso-shoes/.default' },
      timeScale: 60,
    });
  });

  it('of local-preprod are a plan, an account and ports of its own, so that it starts beside local', () => {
    const [own, preprod] = [contosoOptionsOf(local), contosoOptionsOf(loadEnvironment('local-preprod', {}))];
    const portsOf = ({ controlPort, globalPort, stamps }: typeof own) =>
      [controlPort, globalPort, ...stamps.flatMap(({ port, slots }) => [port, ...slots.map((slot) => slot.port)])] as number[];
    expect(portsOf(preprod).filter((port) => portsOf(own).includes(port))).toEqual([]);
    const names = ({ plans, cosmosAccounts }: typeof own) => [...plans, ...cosmosAccounts].map(({ name }) => name);
    expect(names(preprod).filter((name) => names(own).includes(name))).toEqual([]);
  });

  it.each([
    [{}, undefined, false],
    [{ 'X-Azure-FDID': 'profile' }, 'profile', true],
    [{ 'x-azure-fdid': 'profile', other: '1' }, 'profile', true],
  ])('lock a stamp to its Front Door where the environment sends its header: %o', (headers, id, locked) => {
    const environment = { ...local, stamps: local.stamps.map((stamp) => ({ ...stamp, headers })) } as Environment;
    const options = contosoOptionsOf(environment);
    expect([options.frontDoorId, options.stamps.map(({ lockedToFrontDoor }) => lockedToFrontDoor)]).toEqual([
      id,
      [locked, locked],
    ]);
  });

  it.each([
    ['without a global endpoint', () => ({ ...local, global: undefined }), undefined],
    ['on the default port', () => ({ ...local, global: { endpoint: 'https://localhost', headers: {} } }), 443],
  ])('%s', (_what, change, globalPort) => {
    expect(contosoOptionsOf(change() as Environment).globalPort).toBe(globalPort);
  });

  it.each([
    ['an environment elsewhere', { local: undefined }, 'has no local'],
    ['another way to sign in', { auth: { kind: 'variable', token: 't' } }, 'auth.kind is variable'],
  ])('refuse %s', (_what, change, message) => {
    expect(() => contosoOptionsOf({ ...local, ...change } as Environment)).toThrow(message);
  });
});

describe('what listens at the control endpoint', () => {
  const takePort = async (server: Server) => {
    const port = Number(new URL(environment.local?.controlEndpoint ?? '').port);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    closing.push(() => server.close());
  };

  it('is nothing', async () => expect(await state()).toBe('absent'));

  it('is something that does not speak TLS', async () => {
    await takePort(createServer((socket) => socket.end('hello\n')));
    expect(await state()).toBe('other');
    await expect(ensureStore(environment, file)).rejects.toThrow(
      /local\.controlEndpoint https:\/\/localhost:\d+ is taken by something else/,
    );
  });

  it('is a server that our CA did not sign', async () => {
    const { certificate } = await testCertificate();
    await takePort(createHttps(certificate, (_req, res) => res.end('{}')));
    expect(await state()).toBe('other');
  });

  it('is the store, late as it may be on a busy machine', async () => {
    const { ca, certificate } = await testCertificate();
    writeFileSync(caFileOf(environment), ca);
    closing.push(() => rmSync(caFileOf(environment)));
    const said = JSON.stringify({ timeScale: 60, environment: name });
    await takePort(createHttps(certificate, (req, res) => setTimeout(() => res.end(said), req.url === '/clock' ? 3_500 : 0)));
    expect(await state()).toBe('running');
  });
});

describe('the store as a process', () => {
  it('starts once, is found by the next command, and ends with the one that started it', async () => {
    const first = await ensureStore(environment, file);
    closing.push(first.close);
    expect([first.started, await state()]).toEqual([true, 'running']);
    expect(existsSync(caFileOf(environment))).toBe(true);
    const second = await ensureStore(environment, file);
    expect(second.started).toBe(false);
    await second.close();
    expect(await state()).toBe('running');
    expect(
      await detectStore({
        ...environment,
        local: { ...(environment.local as NonNullable<Environment['local']>), adminToken: 'other' },
      }),
    ).toEqual({
      kind: 'other',
      seen: 'a store of environment unknown (status 401)',
    });
    await first.close();
    expect(await state()).toBe('absent');
    expect(existsSync(caFileOf(environment))).toBe(false);
  });

  it('goes on for another command that uses it, and ends with that one', async () => {
    const first = await ensureStore(environment, file);
    const second = await ensureStore(environment, file);
    closing.push(first.close, second.close);
    await first.close();
    // Long enough to notice one that is closing after all.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect([second.started, await state()]).toEqual([false, 'running']);
    expect(existsSync(caFileOf(environment))).toBe(true);
    await second.close();
    await gone();
    await vi.waitFor(() => expect(existsSync(caFileOf(environment))).toBe(false), { timeout: 60_000 });
  });

  it('is one, however many commands start it at once', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => ensureStore(environment, file)));
    closing.push(...stores.map(({ close }) => close));
    expect(stores.filter(({ started }) => started)).toHaveLength(1);
    expect(await state()).toBe('running');
    for (const { close } of stores) await close();
    await gone();
  });

  it('tells its parent when a port is taken', async () => {
    const server = createServer();
    const port = Number(new URL(environment.stamps[1]?.endpoint ?? '').port);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    closing.push(() => server.close());
    await expect(ensureStore(environment, file)).rejects.toThrow(`stamps.eastus.endpoint: port ${port} is taken`);
    await gone();
  });

  it('ends when its parent is killed', async () => {
    const script = join(folder, 'parent.js');
    writeFileSync(
      script,
      `require('node:child_process').fork(${JSON.stringify(join(root, 'scripts/local.ts'))}, ['--env', ${JSON.stringify(file)}], { cwd: ${JSON.stringify(root)}, execArgv: ${JSON.stringify(typescript)} }).on('message', (m) => process.send(m));`,
    );
    const parent: ChildProcess = fork(script, { cwd: root });
    await new Promise((resolve) => parent.once('message', resolve));
    expect(await state()).toBe('running');
    parent.kill('SIGKILL');
    await gone();
  });

  it('run by hand prints how to use it, and Ctrl-C ends it with 0', async () => {
    const child = spawn(process.execPath, [...typescript, 'scripts/local.ts', '--env', file], { cwd: root });
    closing.push(() => child.kill('SIGKILL'));
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        out += chunk.toString();
      });
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await vi.waitFor(() => expect(out).toContain('Ctrl-C stops it'), { timeout: 60_000 });
    for (const part of [environment.stamps[0]?.endpoint, environment.global?.endpoint, 'westeurope-staging', 'control'])
      expect(out).toContain(part);
    expect(out).toMatch(
      new RegExp(
        `export PATH=.*SSL_CERT_FILE="${caFileOf(environment)}" NODE_EXTRA_CA_CERTS="${caFileOf(environment)}" TARGET_ENV="${file}"`,
      ),
    );
    const before = performance.now();
    child.kill('SIGINT');
    expect(await exited).toBe(0);
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});
