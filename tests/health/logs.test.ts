import { afterEach, describe, expect, it } from 'vitest';
import { type LogRow, sourceTables } from '../../health/rows.ts';
import { readingsOf } from '../../scripts/health-read.ts';
import { SignalReader } from '../../scripts/health-signals.ts';
import { tokenSource } from '../../synthetics/runners/token.ts';
import { queryLogs } from '../../telemetry/log-tables.ts';
import { asked } from './kql/agreement.ts';
import { runKql, type Tables } from './kql/run.ts';
import { type Answer, type Asked, closeLogsServer, credential, logsServer, scopes, tableOf } from './logs-server.ts';
import { inWorkspaces, onAzure, workspaceId as resourceId } from './on-azure.ts';
import { environments, nowMs, type Situation, tablesOf } from './situation.ts';
import { situations } from './situations.ts';

afterEach(closeLogsServer);

describe('a query of Log Analytics', () => {
  it('is asked of the resource, with a token for logs, and answered by rows', async () => {
    const seen: Asked[] = [];
    const endpoint = await logsServer((each) => {
      seen.push(each);
      return [
        200,
        tableOf([
          { A: 1, B: 'x' },
          { A: 2, B: null },
        ]),
      ];
    });
    const rows = await queryLogs({ credential, resourceId: resourceId('global'), endpoint }, 'T | take 2');
    expect(rows).toEqual([
      { A: 1, B: 'x' },
      { A: 2, B: null },
    ]);
    expect(scopes).toContain('https://api.loganalytics.io/.default');
    expect(seen).toMatchObject([
      {
        url: `/v1${resourceId('global')}/query`,
        query: 'T | take 2',
        headers: { authorization: 'Bearer a-token', prefer: 'wait=20' },
      },
    ]);
  });

  it.each([
    ['an error', [403, '{"error":{"code":"InsufficientAccessError"}}'], 'answered 403'],
    [
      'a part of the rows',
      [200, '{"tables":[{"columns":[],"rows":[]}],"error":{"code":"PartialError","message":"limits"}}'],
      'in part',
    ],
    ['nothing', [200, ''], 'an empty body'],
    ['no table', [200, '{"tables":[]}'], 'without a table'],
  ] as const)('that is answered by %s says so, and no row is missed in silence', async (_, answer, message) => {
    const endpoint = await logsServer(() => answer);
    await expect(queryLogs({ credential, resourceId: resourceId('global'), endpoint }, 'T')).rejects.toThrow(message);
  });
});

/** Answers queries by DuckDB on these tables, those that come together in one run. */
function duckdb(given: Tables): (asked: Asked) => Promise<Answer> {
  const tables = inWorkspaces(given);
  let waiting: { readonly query: string; readonly give: (answer: Answer) => void }[] = [];
  const run = async () => {
    const some = waiting;
    waiting = [];
    const answers = await runKql<LogRow>(
      some.map(({ query }) => ({ query, tables })),
      asked,
    );
    for (const [at, { give }] of some.entries()) give([200, tableOf(answers[at] ?? [])]);
  };
  return ({ query }) =>
    new Promise((give) => {
      if (waiting.length === 0) setTimeout(() => void run(), 300);
      waiting.push({ query, give });
    });
}

async function statesOf(situation: Situation): Promise<Map<string, string>> {
  const environment = onAzure(environments[situation.environment ?? 'two-regions']);
  const endpoint = await logsServer(duckdb(tablesOf(situation)));
  const warned: unknown[] = [];
  const reader = new SignalReader({
    environment,
    readings: readingsOf(environment, tokenSource(environment.auth, {}), { credential, endpoint }).filter(({ name }) =>
      sourceTables.includes(name),
    ),
    courses: () => Promise.resolve([]),
    log: { warn: (what, more) => warned.push([what, more]) },
  });
  await reader.refresh(nowMs, 120_000);
  // Read again, a minute counts as it did.
  await reader.refresh(nowMs, 120_000);
  expect(warned).toEqual([]);
  return new Map(reader.picture(nowMs).nodes.map(({ id, state }) => [id, state]));
}

describe('the health model on Azure', () => {
  const some = ['latency at its second bound', 'unexpected exceptions'];
  it.each(some)('reads its signals from Log Analytics: %s', { timeout: 600_000 }, async (title) => {
    const situation = situations.find((each) => each.title === title);
    if (!situation) throw new RangeError(`no situation is called ${title}`);
    const states = await statesOf(situation);
    for (const [ids, state] of Object.entries(situation.states))
      for (const id of ids.split(' ')) expect([id, states.get(id)]).toEqual([id, state]);
    expect(states.get('westeurope/cosmos')).toBe('healthy');
  });
});
