import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { State } from '../../fixtures/contoso/state.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import type { Action } from '../../load/control/actions.ts';
import { perform } from '../../load/control/control.ts';
import { Journal, journalFile } from '../../load/control/journal.ts';
import { armOf } from '../../scripts/azure.ts';
import { lockControl } from '../../scripts/control.ts';
import { resourceIdsOf } from '../../scripts/resource-ids.ts';
import { trustCertificates } from '../../telemetry/trust.ts';
import { script } from '../acceptance/process.ts';
import { startNamedStore } from '../acceptance/support.ts';
import type { TestStore } from '../support/store.ts';

const trusted = tls.getCACertificates('default');
let store: TestStore;
let file = '';
beforeAll(async () => {
  store = await startNamedStore('restore', { timeScale: 600, change: withoutAutoscale });
  trustCertificates(store.caFile);
  file = journalFile(store.environment.name);
});
afterAll(async () => {
  await store.close();
  rmSync(file, { force: true });
  tls.setDefaultCACertificates(trusted);
});

/** It would take back by itself what the test gives an idle plan. */
const withoutAutoscale = (environment: Environment): Environment => ({
  ...environment,
  plans: environment.plans.map(({ autoscale: _, ...plan }) => ({ ...plan, instances: 2 })),
});

const restore = () => script('restore', ['--env', store.environmentFile]).ended;

async function act(...actions: readonly Action[]) {
  const arm = await armOf(store.environment);
  for (const action of actions) await perform(action, arm, resourceIdsOf(store.environment), new Journal(file));
}

const state = async () => {
  const { json } = await store.admin('GET', '/admin/state');
  const { frontDoor, plans } = json as State;
  return {
    origins: frontDoor?.origins.map(({ name, enabled, weight }) => ({ name, enabled, weight })),
    plans: plans.map(({ name, instances }) => ({ name, instances: instances.length })),
  };
};
const builtIn = async (target: string) =>
  (await store.send(`${store.contoso.urls[target]}/api/products`)).headers['x-contoso-build'];

describe('npm run restore', () => {
  it('puts back slots, origins and instances, says so, and finds nothing the second time', async () => {
    await store.admin('POST', '/admin/stamps/eastus/deploy', { slot: 'staging', build: 'slow' });
    const before = await state();
    await act(
      { kind: 'swap', stamp: 'eastus', slot: 'staging' },
      { kind: 'origin', stamp: 'westeurope', enabled: false, weight: 7 },
      { kind: 'instances', plan: 'plan-westeurope', count: 4 },
    );
    expect(await builtIn('eastus')).toBe('slow');
    expect(await state()).toMatchObject({ origins: [{ enabled: false, weight: 7 }, {}], plans: [{ instances: 4 }, {}] });
    const first = await restore();
    expect(first.output.trim().split('\n')).toEqual([
      'origin westeurope: put back (in, weight 50)',
      'instances of plan-westeurope: put back (2)',
      'swap of eastus with staging: put back (the slots as before)',
    ]);
    expect(first.code).toBe(0);
    expect(await state()).toEqual(before);
    expect([await builtIn('eastus'), await builtIn('eastus-staging')]).toEqual(['good', 'slow']);
    const second = await restore();
    expect([second.code, second.output.trim()]).toEqual([0, 'nothing to put back']);
  });

  it('ends with 1 where something can’t be put back, and keeps it', async () => {
    const path = `${resourceIdsOf(store.environment).origin('nowhere')}`;
    const before = { enabledState: 'Enabled', weight: 50 };
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify([{ kind: 'origin', what: 'origin nowhere', path, before }]));
    const { code, output } = await restore();
    expect([code, output]).toEqual([1, expect.stringMatching(/^not put back: origin nowhere: .*was not found/)]);
    expect(new Journal(file).list()).toHaveLength(1);
    rmSync(file);
  });

  it('ends with 3 while a run changes the environment, or where its journal is none', async () => {
    const unlock = lockControl(store.environment);
    const busy = await restore();
    unlock();
    expect([busy.code, busy.output]).toEqual([3, expect.stringContaining('got a run that is changing it now')]);
    writeFileSync(file, '{');
    const broken = await restore();
    expect([broken.code, broken.output]).toEqual([3, expect.stringContaining('got no journal of control actions')]);
    rmSync(file);
  });

  it('takes the changes of a local store that has ended for undone', async () => {
    const name = `${store.environment.name}-ended`;
    const local = { ...store.environment.local, controlEndpoint: 'https://localhost:1' };
    const environmentFile = store.environmentFile.replace(/\.json$/, '-ended.json');
    writeFileSync(environmentFile, JSON.stringify({ ...store.environment, name, local }));
    const journal = new Journal(journalFile(name));
    journal.add({ kind: 'instances', what: 'instances', path: '/plan', before: { capacity: 2 }, asked: [4] });
    const { code, output } = await script('restore', ['--env', environmentFile]).ended;
    expect([code, output]).toEqual([0, expect.stringMatching(/^the local store that was changed has ended/)]);
    expect(new Journal(journal.file).list()).toEqual([]);
  });
});
