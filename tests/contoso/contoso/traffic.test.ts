import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createResources } from '../../../fixtures/contoso/azure/arm/resources.ts';
import type { Environment } from '../../../fixtures/environments/schema.ts';
import { contosoOptionsOf } from '../../../scripts/local-store.ts';
import { type Arm, createArm } from '../../../telemetry/arm.ts';
import { clientCredential } from '../../../telemetry/azure-credential.ts';
import { trustCertificates } from '../../../telemetry/trust.ts';
import { soon } from '../../support/soon.ts';
import { startTestStore, type TestAnswer, type TestStore } from '../../support/store.ts';

/** Blue and green on the plan of one region. */
const withGreen = (environment: Environment): Environment => {
  const [blue] = environment.stamps;
  if (!blue) throw new Error('local.json has no stamp');
  return { ...environment, stamps: [...environment.stamps, { ...blue, name: 'westeurope-green', slots: [] }] };
};

const trusted = tls.getCACertificates('default');
let store: TestStore;
let arm: Arm;
beforeAll(async () => {
  store = await startTestStore({ change: withGreen });
  trustCertificates(store.caFile);
  const { auth } = store.environment;
  if (auth.kind !== 'client-secret') throw new Error(`auth is ${auth.kind}`);
  arm = createArm({ endpoint: store.contoso.controlUrl, credential: clientCredential(auth) });
});
afterAll(async () => {
  await store.close();
  tls.setDefaultCACertificates(trusted);
});

const path = '/api/products/shoe-0001';
const globally = () => store.send(`${store.contoso.globalUrl}${path}`);
const stampOf = ({ headers }: TestAnswer) => String(headers['x-contoso-stamp']);

/** Service times are waited for, so several are under way at once. */
async function sendGlobally(count: number): Promise<TestAnswer[]> {
  const answers: TestAnswer[] = [];
  let sent = 0;
  const client = async () => {
    while (sent++ < count) answers.push(await globally());
  };
  await Promise.all(Array.from({ length: 8 }, client));
  return answers;
}

async function setOrigin(name: string, properties: Readonly<Record<string, unknown>>): Promise<void> {
  const { frontDoor } = createResources(contosoOptionsOf(store.environment));
  await arm.patch(`${frontDoor.id}/originGroups/shop/origins/${name}`, '2024-09-01', { properties });
}

describe('blue and green in one region', () => {
  // Issue: kept within 3 %. Of 300 requests these are nine.
  it.each([
    [10, { weight: 900 }, { weight: 100 }],
    [50, { weight: 100 }, { weight: 100 }],
    [100, { enabledState: 'Disabled' }, { weight: 100 }],
  ])('share %i % of the global traffic to green, by their weights', async (percent, blue, green) => {
    await setOrigin('westeurope', blue);
    await setOrigin('westeurope-green', green);
    const answers = await sendGlobally(300);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const toGreen = answers.filter((answer) => stampOf(answer) === 'westeurope-green').length;
    expect(Math.abs((toGreen / answers.length) * 100 - percent)).toBeLessThanOrEqual(3);
    expect(new Set(answers.map(stampOf)).has('eastus')).toBe(false);
    await setOrigin('westeurope', { enabledState: 'Enabled', weight: 50 });
    await setOrigin('westeurope-green', { weight: 50 });
  });
});

describe('a region that goes down and comes back', () => {
  const west = ['westeurope', 'westeurope-green'];
  const healthOf = (name: string) => store.contoso.state().frontDoor?.origins.find((origin) => origin.name === name)?.healthy;
  const failedProbes = async () => {
    const answer = await fetch(`${store.contoso.controlUrl}/admin/tables/AzureDiagnostics`, {
      headers: { authorization: `Bearer ${store.environment.local?.adminToken}` },
    });
    const rows = (await answer.text()).split('\n').filter(Boolean);
    return rows.filter((row) => row.includes('FrontDoorHealthProbeLog') && row.includes('"westeurope"')).length;
  };
  /** Probes come every 30 s of the control plane; four samples count, three must be good (azure-facts, 4). */
  const intervalMs = 30_000 / 60;

  it('moves by the probe rules, and neither shoppers of the global endpoint nor the healthy region notice', async () => {
    const [healthy, worldwide]: [Promise<TestAnswer>[], Promise<TestAnswer>[]] = [[], []];
    const timer = setInterval(() => {
      healthy.push(store.send(`${store.contoso.urls.eastus}${path}`));
      worldwide.push(globally());
    }, 40);
    await soon(() => expect(worldwide.length).toBeGreaterThan(10));
    await store.admin('POST', '/admin/faults', { kind: 'region-down', region: 'westeurope', seconds: 600 });

    await soon(() => expect(west.map(healthOf)).toEqual([false, false]));
    // One bad sample of four is still healthy.
    expect(await failedProbes()).toBeGreaterThanOrEqual(2);
    const moved = (await sendGlobally(20)).map(stampOf);
    expect(new Set(moved)).toEqual(new Set(['eastus']));
    await soon(async () => expect(await failedProbes()).toBeGreaterThanOrEqual(4));

    const endedAt = performance.now();
    await store.admin('DELETE', '/admin/faults');
    await soon(() => expect(west.map(healthOf)).toEqual([true, true]));
    // Four bad samples: three good ones, two intervals from the first to the third, bring an origin back. One probe may be late.
    expect(performance.now() - endedAt).toBeGreaterThanOrEqual(1.7 * intervalMs);
    await soon(async () => expect(west).toContain(stampOf(await globally())));
    clearInterval(timer);

    const statuses = async (sent: readonly Promise<TestAnswer>[]) =>
      new Set((await Promise.all(sent)).map(({ status }) => status));
    expect(await statuses(healthy)).toEqual(new Set([200]));
    expect(await statuses(worldwide)).toEqual(new Set([200]));
    expect(new Set((await Promise.all(healthy)).map(stampOf))).toEqual(new Set(['eastus']));
  });
});
