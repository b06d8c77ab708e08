import type { AutoscaleRules } from '../k6/autoscale.ts';
import type { RunObservation } from './observation.ts';
import type { Judgement } from './verdict.ts';

/** What Azure has against what the environment file says: the stages were made by the file's. */
export function judgeRules({ wanted }: RunObservation, seen: AutoscaleRules): Judgement {
  const base = { name: 'autoscale rules', value: 0, limit: 0, unit: 'differences', samples: 1, source: 'Azure Resource Manager' };
  const differences = wanted.autoscale ? differencesOf(wanted.autoscale.settings, seen) : [];
  if (differences.length === 0) return { ...base, verdict: 'pass' };
  const reason = `autoscale rules differ: ${differences.join('; ')}`;
  return { ...base, value: differences.length, verdict: 'inconclusive', reason };
}

const ruleFields = ['metric', 'operator', 'threshold', 'direction', 'change', 'timeWindow', 'cooldown'] as const;

/** `maximum: 5 in the environment file, 3 in Azure` */
export function differencesOf(file: AutoscaleRules, azure: AutoscaleRules): string[] {
  const said = (what: string, mine: unknown, theirs: unknown) =>
    mine === theirs ? [] : [`${what}: ${mine ?? 'nothing'} in the environment file, ${theirs ?? 'nothing'} in Azure`];
  const most = Math.max(file.rules.length, azure.rules.length);
  return [
    ...(['minimum', 'maximum'] as const).flatMap((field) => said(field, file[field], azure[field])),
    ...Array.from({ length: most }, (_, i) => i).flatMap((i) =>
      ruleFields.flatMap((field) => said(`rules[${i}].${field}`, file.rules[i]?.[field], azure.rules[i]?.[field])),
    ),
  ];
}
