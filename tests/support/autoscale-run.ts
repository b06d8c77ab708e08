import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { runLoad } from '../../load/run.ts';
import type { LoadVerdict } from '../../load/verdict/verdict.ts';
import { serverMetricsOf } from '../../scripts/server-metrics.ts';
import { trustCertificates } from '../../telemetry/trust.ts';
import { autoscaleSettings } from './autoscale-rules.ts';
import { startTestStore } from './store.ts';

type Settings = NonNullable<Environment['plans'][number]['autoscale']>;

export interface AutoscaleRun {
  readonly title: string;
  readonly settings?: Partial<Pick<Settings, 'minimum' | 'maximum'>>;
  readonly out?: Partial<Settings['rules'][number]>;
  /** Switched on before the load. */
  readonly faults?: readonly Readonly<Record<string, unknown>>[];
  readonly expected: LoadVerdict['verdict'];
  /** What the first reason names. */
  readonly names?: RegExp;
}

/**
 * One row a cause. The plan is one S1 instance, a core: 46 requests a second of local.json's mix (21.6 ms of a core each,
 * service-times.ts) are all that it carries.
 */
export const autoscaleRuns: readonly AutoscaleRun[] = [
  { title: 'a right-sized plan', expected: 'pass' },
  { title: 'a cool-down too long', out: { cooldown: 'PT30M' }, expected: 'fail', names: /the cool-down of PT30M/ },
  { title: 'a threshold too high', out: { threshold: 95 }, expected: 'fail', names: /the threshold of 95 % was not crossed/ },
  { title: 'a maximum too low', settings: { maximum: 2 }, expected: 'fail', names: /the maximum of 2 instances is reached/ },
  {
    title: 'slow start-up',
    faults: [{ kind: 'registry-slow', delayMs: 4_500 }],
    expected: 'fail',
    names: /the new instance (?:served|never served) .*slow start-up/,
  },
  {
    title: "new instances that can't read Key Vault",
    faults: [{ kind: 'key-vault-denied', unheld: true }],
    expected: 'fail',
    names: /new instances can't read Key Vault/,
  },
];

const scaled =
  ({ settings, out }: AutoscaleRun) =>
  ({ global: _, stamps: [stamp], plans: [plan], ...rest }: Environment): Environment => {
    if (!stamp || !plan) throw new Error('the environment has no stamp, or no plan');
    const { rules, ...sizes } = autoscaleSettings;
    const changed = rules.map((rule) => (rule.direction === 'Increase' ? { ...rule, ...out } : rule));
    const autoscale = { ...sizes, minimum: 1, maximum: 4, default: 1, ...settings, rules: changed };
    const { instances, servesProduction } = plan;
    return {
      ...rest,
      stamps: [{ ...stamp, slots: [] }],
      plans: [{ name: plan.name, instances, servesProduction, sku: 'S1', ratePerInstance: 46, autoscale }],
      // What a busy machine adds is none of the plan's doing; a plan that doesn't grow has queues of many seconds.
      objectives: { ...rest.objectives, latencyP95Ms: 2_000 },
    };
  };

/** A run of the scenario against a store of its own, in its real time. */
export async function runAutoscale(row: AutoscaleRun): Promise<LoadVerdict> {
  const store = await startTestStore({ change: scaled(row) });
  const runDirectory = mkdtempSync(join(tmpdir(), 'load-'));
  try {
    trustCertificates(store.caFile);
    for (const fault of row.faults ?? []) {
      const { status, json } = await store.admin('POST', '/admin/faults', fault);
      if (status !== 201) throw new Error(`the fault was refused: ${JSON.stringify(json)}`);
    }
    const { environment, environmentFile: nameOrPath, caFile } = store;
    const serverMetrics = serverMetricsOf('autoscale', environment);
    return await runLoad({ environment, nameOrPath, scenario: 'autoscale', runDirectory, caFile, serverMetrics });
  } finally {
    await store.close();
    rmSync(runDirectory, { recursive: true, force: true });
  }
}
