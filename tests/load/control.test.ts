import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { type Action, describeAction } from '../../load/control/actions.ts';
import { perform, putBack } from '../../load/control/control.ts';
import { Journal } from '../../load/control/journal.ts';
import { permitActions } from '../../load/control/permit.ts';
import { resourceIdsOf } from '../../scripts/resource-ids.ts';
import { FakeArm, ids } from './fake-arm.ts';

const folder = mkdtempSync(join(tmpdir(), 'control-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = () => join(folder, `${files++}`, 'journal.json');

const swap: Action = { kind: 'swap', stamp: 'blue', slot: 'staging' };
const out: Action = { kind: 'origin', stamp: 'blue', enabled: false };
const shift: readonly Action[] = [
  { kind: 'origin', stamp: 'blue', weight: 900 },
  { kind: 'origin', stamp: 'green', enabled: true, weight: 100 },
  { kind: 'origin', stamp: 'green', weight: 1_000 },
  { kind: 'origin', stamp: 'blue', enabled: false },
];
const more = { kind: 'instances', plan: 'plan', count: 5 } as const;

async function done(actions: readonly Action[], arm: FakeArm, file: string) {
  for (const action of actions) await perform(action, arm, ids, new Journal(file));
}

describe('a control action', () => {
  it.each([
    [swap, { production: { blue: 'new' }, staging: { blue: 'old' } }],
    [out, { origins: { blue: { enabledState: 'Disabled', weight: 50 } } }],
    [{ kind: 'origin', stamp: 'blue', weight: 75 } as const, { origins: { blue: { enabledState: 'Enabled', weight: 75 } } }],
    [more, { plans: { plan: 5 } }],
  ])('is done and put back: %o', async (action, changed) => {
    const [arm, file] = [new FakeArm(), newFile()];
    const before = arm.snapshot();
    await done([action], arm, file);
    expect(arm.snapshot()).toMatchObject(changed);
    const { done: lines, failed } = await putBack(arm, new Journal(file));
    expect(failed).toEqual([]);
    expect(lines).toEqual([expect.stringMatching(/: put back \(/)]);
    expect(arm.snapshot()).toEqual(before);
    expect(await putBack(arm, new Journal(file))).toEqual({ done: [], failed: [] });
  });

  it('is written down before it is done, with what was before', async () => {
    const [arm, file] = [new FakeArm(), newFile()];
    arm.kill(3);
    await expect(done([out], arm, file)).rejects.toThrow('killed');
    expect(arm.writes).toEqual([]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual([
      { kind: 'origin', what: 'origin blue', path: '/origins/blue', before: { enabledState: 'Enabled', weight: 50 } },
    ]);
  });

  it('keeps what stood before the first of several', async () => {
    const [arm, file] = [new FakeArm(), newFile()];
    const before = arm.snapshot();
    await done(shift, arm, file);
    expect(new Journal(file).list()).toHaveLength(2);
    await putBack(arm, new Journal(file));
    expect(arm.snapshot()).toEqual(before);
  });

  it('never leaves the global endpoint without an origin', async () => {
    const [arm, file] = [new FakeArm(), newFile()];
    await done(shift, arm, file);
    await putBack(arm, new Journal(file));
    expect(Math.min(...arm.fewestIn)).toBe(1);
  });

  it.each([
    { title: 'autoscale has moved meanwhile', now: 7, says: 'instances of plan: left at 7, which the run never set', left: 7 },
    { title: 'autoscale has brought back', now: 2, says: 'instances of plan: stands as before', left: 2 },
    { title: 'it has set before its last', now: 4, says: 'instances of plan: put back (2)', left: 2 },
  ])('leaves a number of instances to its owner, one that $title', async ({ now, says, left }) => {
    const [arm, file] = [new FakeArm(), newFile()];
    await done([{ ...more, count: 4 }, more], arm, file);
    expect(arm.plans.plan).toBe(5);
    arm.plans.plan = now;
    expect(await putBack(arm, new Journal(file))).toEqual({ done: [says], failed: [] });
    expect(arm.plans.plan).toBe(left);
    expect(new Journal(file).list()).toEqual([]);
  });

  it('is told in words', () => {
    expect([swap, ...shift.slice(1, 2), out, more].map(describeAction)).toEqual([
      'swap of blue with staging',
      'origin green: in, weight 100',
      'origin blue: out',
      'instances of plan: 5',
    ]);
  });
});

describe('a process that dies', () => {
  // Every request and every answer is a moment to die at; so is each of putting back.
  it.each([
    ['in a swap', [swap], 6],
    ['in two swaps', [swap, { ...swap, stamp: 'green' }], 12],
    ['while a region leaves', [out], 5],
    ['while traffic shifts', shift, 20],
    ['while instances are added', [more], 5],
  ] as const)('%s leaves what restores all', async (_what, actions, moments) => {
    const lives = Array.from({ length: moments }, async (_, moment) => {
      const [arm, file] = [new FakeArm(), newFile()];
      const before = arm.snapshot();
      arm.kill(moment + 1);
      await expect(done(actions, arm, file), `moment ${moment}`).rejects.toThrow('killed');
      arm.revive();
      expect((await putBack(arm, new Journal(file))).failed, `moment ${moment}`).toEqual([]);
      expect(arm.snapshot(), `moment ${moment}`).toEqual(before);
    });
    await Promise.all(lives);
    const whole = new FakeArm();
    whole.kill(moments + 1);
    await done(actions, whole, newFile());
  });

  it.each([
    ['a swap', [swap]],
    ['a region', [out]],
    ['a shift', shift],
    ['instances', [more]],
  ] as const)('while it puts back %s can be followed by another', async (_what, actions) => {
    for (let moment = 1; moment <= 12; moment += 1) {
      const [arm, file] = [new FakeArm(), newFile()];
      const before = arm.snapshot();
      await done(actions, arm, file);
      arm.kill(moment);
      await putBack(arm, new Journal(file));
      arm.revive();
      // One that meets a swap still under way says so, and the next finds it done.
      for (let attempt = 0; attempt < 3 && new Journal(file).list().length > 0; attempt += 1)
        await putBack(arm, new Journal(file));
      expect(arm.snapshot(), `moment ${moment}`).toEqual(before);
      expect(new Journal(file).list()).toEqual([]);
    }
  });
});

describe('putting back', () => {
  it('keeps what fails, and goes on with the rest', async () => {
    const [arm, file] = [new FakeArm(), newFile()];
    await done([more, out], arm, file);
    const refusing = Object.assign(Object.create(arm) as FakeArm, {
      patch: (path: string, ...rest: [string, unknown]) =>
        path === '/origins/blue' ? Promise.reject(new Error('403 Forbidden')) : arm.patch(path, ...rest),
    });
    expect(await putBack(refusing, new Journal(file))).toEqual({
      done: ['instances of plan: put back (2)'],
      failed: ['origin blue: 403 Forbidden'],
    });
    expect(new Journal(file).list().map(({ what }) => what)).toEqual(['origin blue']);
  });

  it('leaves alone what somebody else has put back', async () => {
    const [arm, file] = [new FakeArm(), newFile()];
    await done([out], arm, file);
    arm.origins.blue = { enabledState: 'Enabled', weight: 50 };
    expect((await putBack(arm, new Journal(file))).done).toEqual(['origin blue: stands as before']);
    expect(arm.writes).toHaveLength(1);
  });

  it.each(['{', '{}', '[{"kind":"swap"}]'])('refuses a journal that is none: %s', (text) => {
    const file = join(folder, 'bad.json');
    writeFileSync(file, text);
    expect(() => new Journal(file)).toThrow(/bad\.json[\s\S]*got no journal of control actions/);
  });
});

describe('production', () => {
  const local = loadEnvironment('local', {});
  const permits = (environment: Environment, actions: readonly Action[], permit = {}) =>
    permitActions(environment, actions, resourceIdsOf(environment), permit);
  const ofWest: Action = { kind: 'swap', stamp: 'westeurope', slot: 'staging' };
  const ofEast: Action = { kind: 'swap', stamp: 'eastus', slot: 'staging' };
  const westOut: Action = { kind: 'origin', stamp: 'westeurope', enabled: false };
  const eastOut: Action = { kind: 'origin', stamp: 'eastus', enabled: false };
  const westMore: Action = { kind: 'instances', plan: 'plan-westeurope', count: 3 };
  const shared = { ...local, plans: local.plans.map((plan, i) => ({ ...plan, servesProduction: i === 0 })) };
  const production = { ...local, production: true };

  it.each([
    ['a slot that is swapped there', production, ofEast],
    ['an origin there', production, eastOut],
    ['instances there', production, westMore],
    ['a swap on a plan that it shares', shared, ofWest],
    ['any origin of an endpoint that leads to such a plan', shared, eastOut],
    ['instances of such a plan', shared, westMore],
  ] as const)('refuses %s without permission', (_what, environment, action) => {
    expect(() => permits(environment, [action])).toThrow(/--window: got nothing[\s\S]*--confirm: got nothing/);
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    permits(environment, [action], { window: `${at(-1_000)}/${at(60_000)}`, confirm: 'local', durationSeconds: 30 });
  });

  it('is not what stands beside it', () => {
    expect(() => permits(local, [ofWest, westOut, westMore])).not.toThrow();
    expect(() => permits(shared, [ofEast])).not.toThrow();
  });

  it('is told where an environment names no id', () => {
    const { local: _, ...azure } = local;
    const without = { ...azure, stamps: azure.stamps.map((stamp) => ({ ...stamp, resourceId: undefined })) };
    expect(() => permits(without, [ofEast])).toThrow(/stamps\[1\]\.resourceId: got nothing/);
  });
});
