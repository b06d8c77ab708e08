import { describe, expect, it } from 'vitest';
import { expandModel } from '../../../health/expand.ts';
import { functionKinds, healthQuery } from '../../../health/kql/queries.ts';
import type { Workspace } from '../../../health/kql/rows.ts';
import { type EnvironmentName, environments, minuteMs, nowMs, tablesOf } from '../situation.ts';
import { situations } from '../situations.ts';
import { runKql } from './run.ts';

const workspacesOf = (name: EnvironmentName): Workspace[] =>
  ['global', ...new Set(environments[name].stamps.map(({ region }) => region))].map((region) => ({
    name: region,
    resource: region,
  }));

/** The query asks of the time before logs that are still to arrive. */
const asked = new Date(nowMs + 3 * minuteMs);

describe.each(Object.keys(environments) as EnvironmentName[])('KQL on %s', (name) => {
  const these = situations.filter(({ environment = 'two-regions' }) => environment === name);
  const query = healthQuery(expandModel(environments[name]), workspacesOf(name), functionKinds.ContosoHealth);

  it.runIf(these.length > 0)('answers the states written by hand', { timeout: 600_000 }, async () => {
    const answers = await runKql([query], asked, these.map(tablesOf));
    for (const [at, { title, states }] of these.entries()) {
      const seen = Object.fromEntries((answers[at]?.[0] ?? []).map(({ Id, State }) => [Id, State]));
      const wanted = Object.entries(states).flatMap(([ids, state]) => ids.split(' ').map((id) => [id, state]));
      expect(seen, title).toMatchObject(Object.fromEntries(wanted));
    }
  });
});
