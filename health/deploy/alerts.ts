import type { ActionGroup, Condition, ScheduledQueryRuleProperties } from '@azure/arm-monitor';
import type { AlertQuery } from './alert-queries.ts';
import type { Place } from './place.ts';
import { parameter, type Resource } from './template.ts';

/** Rules of one minute may not read several workspaces, and the functions read all. */
const everyMinutes = 5;
/** Sizes that a window may have, minutes; beyond a day only the range of the query goes. */
const windowMinutes = [5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1_440] as const;

/** ISO 8601, as Azure writes them: PT45M, PT3H, P1D. */
export function isoOf(minutes: number): string {
  if (minutes % 1_440 === 0) return `P${minutes / 1_440}D`;
  return minutes % 60 === 0 ? `PT${minutes / 60}H` : `PT${minutes}M`;
}

/** The least window that holds so many minutes, and the query's own range where no window does. */
export function rangeOf(minutes: number): Pick<ScheduledQueryRuleProperties, 'windowSize' | 'overrideQueryTimeRange'> {
  const window = windowMinutes.find((size) => size >= minutes);
  if (window !== undefined) return { windowSize: isoOf(window) };
  return { windowSize: isoOf(1_440), overrideQueryTimeRange: isoOf(Math.ceil(minutes / 1_440) * 1_440) };
}

const actionGroupName = ({ prefix }: Place) => `${prefix}-alerts`;
export const actionGroupId = (place: Place): string =>
  `[resourceId('Microsoft.Insights/actionGroups', '${actionGroupName(place)}')]`;

export function actionGroup(place: Place): Resource<ActionGroup> {
  return {
    type: 'Microsoft.Insights/actionGroups',
    apiVersion: '2023-01-01',
    name: actionGroupName(place),
    location: 'global',
    properties: {
      groupShortName: 'contoso',
      enabled: true,
      webhookReceivers: [{ name: 'webhook', serviceUri: parameter('webhookUrl'), useCommonAlertSchema: true }],
    },
  };
}

export function alertRule(place: Place, alert: AlertQuery): Resource<ScheduledQueryRuleProperties> {
  return {
    type: 'Microsoft.Insights/scheduledQueryRules',
    apiVersion: '2023-12-01',
    name: `${place.prefix}-${alert.name}`,
    location: parameter('location'),
    kind: 'LogAlert',
    dependsOn: [actionGroupId(place)],
    properties: {
      displayName: alert.title,
      description: alert.description,
      severity: alert.severity,
      enabled: true,
      scopes: [place.workspace],
      evaluationFrequency: isoOf(everyMinutes),
      ...rangeOf(alert.minutes),
      criteria: { allOf: [conditionOf(alert)] },
      autoMitigate: true,
      actions: { actionGroups: [actionGroupId(place)] },
    },
  };
}

function conditionOf({ query, fires, dimensions }: AlertQuery): Condition {
  const bound = fires === 'on rows' ? { operator: 'GreaterThan', threshold: 0 } : { operator: 'LessThan', threshold: 1 };
  return {
    query,
    timeAggregation: 'Count',
    ...bound,
    dimensions: dimensions.map((name) => ({ name, operator: 'Include', values: ['*'] })),
    failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 },
  };
}
