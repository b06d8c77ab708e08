import { z } from 'zod';
import { type AutoscaleRules, durationWanted, isDuration, scaledStamp } from '../load/k6/autoscale.ts';
import type { AutoscaleReading, ServerMetrics } from '../load/verdict/observation.ts';
import { armOf } from './azure.ts';
import { namespaces, type Place, read } from './metrics-place.ts';
import { resourceIdsOf } from './resource-ids.ts';

const version = '2022-10-01';
const duration = z.string().refine(isDuration, durationWanted);

/** `Microsoft.Insights/autoscaleSettings` as ARM lists them; counts are texts there. */
const settingsSchema = z.object({
  value: z.array(
    z.object({
      id: z.string(),
      properties: z.object({
        enabled: z.boolean(),
        targetResourceUri: z.string(),
        profiles: z.array(
          z.object({
            capacity: z.object({ minimum: z.coerce.number(), maximum: z.coerce.number() }),
            rules: z.array(
              z.object({
                metricTrigger: z.object({
                  metricName: z.enum(['CpuPercentage', 'MemoryPercentage', 'HttpQueueLength']),
                  operator: z.enum(['GreaterThan', 'GreaterThanOrEqual', 'LessThan', 'LessThanOrEqual']),
                  threshold: z.number(),
                  timeWindow: duration,
                }),
                scaleAction: z.object({
                  direction: z.enum(['Increase', 'Decrease']),
                  value: z.coerce.number(),
                  cooldown: duration,
                }),
              }),
            ),
          }),
        ),
      }),
    }),
  ),
});
type Setting = z.infer<typeof settingsSchema>['value'][number];

/** The rules as Azure Resource Manager has them, what autoscale did by them, and whether Key Vault refused anybody. */
export async function readAutoscale(at: Place, target?: string): Promise<Pick<ServerMetrics, 'autoscale'>> {
  const { environment } = at;
  const { stamp, plan } = scaledStamp(environment, target);
  const region = environment.stamps.find(({ name }) => name === stamp)?.region ?? '';
  const setting = await settingOf(at, resourceIdsOf(environment).plan(plan));
  const [actions, vaultRefused] = await Promise.all([readActions(at, region, setting.id), readRefusals(at, region, stamp)]);
  return { autoscale: { rules: rulesIn(setting), actions, ...(vaultRefused === undefined ? {} : { vaultRefused }) } };
}

async function settingOf({ environment }: Place, planId: string): Promise<Setting> {
  const group = planId.slice(0, planId.toLowerCase().indexOf('/providers/'));
  const arm = await armOf(environment);
  const { value } = settingsSchema.parse(await arm.get(`${group}/providers/Microsoft.Insights/autoscaleSettings`, version));
  const found = value.find(({ properties }) => properties.targetResourceUri.toLowerCase() === planId.toLowerCase());
  if (!found?.properties.enabled) throw new Error(`autoscale of ${planId} is ${found ? 'switched off' : 'not set up'} in Azure`);
  return found;
}

/** Of the first profile: schedules of their own are none of a load test's business. */
function rulesIn({ properties }: Setting): AutoscaleRules {
  const [profile] = properties.profiles;
  if (!profile) throw new Error('autoscale has no profile in Azure');
  const rules = profile.rules.map(({ metricTrigger: { metricName: metric, ...trigger }, scaleAction }) => {
    const { direction, value: change, cooldown } = scaleAction;
    return { metric, ...trigger, direction, change, cooldown };
  });
  return { ...profile.capacity, rules };
}

async function readActions(at: Place, region: string, settingId: string): Promise<AutoscaleReading['actions']> {
  const series = await read(at, region, {
    namespace: 'Microsoft.Insights/autoscaleSettings',
    resourceIds: [settingId],
    metrics: ['ScaleActionsInitiated'],
    aggregations: ['total'],
    by: ['ScaleDirection'],
  });
  const actions = series.flatMap(({ dimensions, points }) => {
    const direction = dimensions.scaledirection === 'Increase' ? ('Increase' as const) : ('Decrease' as const);
    return points.flatMap(({ at: atMs, values }) => ((values?.total ?? 0) > 0 ? [{ atMs, direction }] : []));
  });
  return actions.sort((a, b) => a.atMs - b.atMs);
}

/** Undefined where nobody knows the vault. */
async function readRefusals(at: Place, region: string, stamp: string): Promise<number | undefined> {
  const vault = resourceIdsOf(at.environment).vault(stamp);
  if (vault === undefined) return undefined;
  const asked = { namespace: namespaces.vault, metrics: ['ServiceApiResult'], aggregations: ['count'] as const };
  const series = await read(at, region, { ...asked, resourceIds: [vault], by: ['StatusCode'] });
  const refused = series.filter(({ dimensions }) => dimensions.statuscode === '403');
  return refused.flatMap(({ points }) => points).reduce((sum, { values }) => sum + (values?.count ?? 0), 0);
}
