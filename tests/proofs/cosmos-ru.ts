import type { BuildName } from '../../fixtures/contoso/shop/builds.ts';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import type { LoadVerdict } from '../../load/verdict/verdict.ts';
import { alone, offByPercent, patient, type RuRun, runRu, withRu } from '../support/cosmos-ru-run.ts';
import { exactly, type ProofArea, type ProofRow } from './proof.ts';

const mostAttempts = 3;

/** A machine that was busy with something else has shown nothing, and is asked again. */
async function conclusive(name: string, run: RuRun, say: (line: string) => void) {
  for (let attempt = 1; ; attempt += 1) {
    const seen = await runRu(run);
    say(`${name}: ${[seen.verdict.verdict, ...seen.verdict.reasons].join(', ')}`);
    const unsent = seen.verdict.judgements.some(({ name: of, verdict }) => of === 'rate reached' && verdict === 'inconclusive');
    if (!unsent || attempt === mostAttempts) return seen;
  }
}

/** The mix of local-preprod on one stamp, at its target rate. */
const wholeMix = (environment: Environment): Environment => {
  const { load } = loadEnvironment('local-preprod', {});
  return patient({ ...alone(environment), load });
};

const sources: readonly { readonly build: BuildName; readonly source: string; readonly limit: number }[] = [
  { build: 'good', source: 'pass-through', limit: 3 },
  { build: 'silent', source: 'least squares', limit: 10 },
];

async function ledgerRows(say: (line: string) => void): Promise<ProofRow[]> {
  const rows: ProofRow[] = [];
  for (const { build, source, limit } of sources) {
    const { verdict, counted } = await conclusive(source, { change: wholeMix, build, windowSeconds: 10 }, say);
    rows.push(exactly(`${source}: where the cost is from`, verdict.ru?.source, source));
    for (const [journey, { ru, iterations }] of Object.entries(counted)) {
      const row = verdict.ru?.journeys.find((one) => one.journey === journey);
      const off = offByPercent(verdict, counted, journey);
      rows.push({
        name: `${source}: ${journey}`,
        seen: `${row?.ru} ± ${row?.withinRu} RU; Cosmos DB's log: ${(ru / iterations).toFixed(2)} RU, ${iterations} iterations; ${off.toFixed(1)} % off`,
        wanted: `at most ${limit} % off`,
        holds: off <= limit,
      });
    }
  }
  return rows;
}

const wholeRu = 1_600;

async function budgetRows(say: (line: string) => void): Promise<ProofRow[]> {
  const runOf = (ruPerSecond: number) =>
    conclusive(
      `${ruPerSecond} RU/s`,
      { change: (environment) => withRu(ruPerSecond)(alone(environment)), ratePerSecond: 60, windowSeconds: 8 },
      say,
    );
  const [whole, half] = [await runOf(wholeRu), await runOf(wholeRu / 2)];
  const cosmos = ({ layers }: LoadVerdict) => layers?.find(({ layer }) => layer === 'cosmos')?.throttled ?? 0;
  const [first = 'no reason'] = half.verdict.reasons;
  // What shoppers lost by them comes first; where the retries still saved them, the database's own share.
  const said =
    /^Cosmos (?:DB throttled [\d,]+ of [\d,]+ requests \(429,|429s [\d.]+ % \([\d,]+ of [\d,]+ requests to Cosmos DB\))/;
  return [
    exactly(`${wholeRu} RU/s: verdict`, whole.verdict.verdict, 'pass'),
    exactly(`${wholeRu} RU/s: requests that Cosmos DB throttled for good`, cosmos(whole.verdict), 0),
    exactly(`half of it: verdict`, half.verdict.verdict, 'fail'),
    { name: 'half of it: first reason', seen: first, wanted: String(said), holds: said.test(first) },
    exactly('half of it: layer most at fault', half.verdict.layers?.[0]?.layer, 'cosmos'),
  ];
}

async function hotRows(say: (line: string) => void): Promise<ProofRow[]> {
  const change = (environment: Environment) => withRu(400, 'container')(alone(environment));
  const { verdict } = await conclusive(
    'hot-product',
    { change, scenario: 'hot-product', durationSeconds: 20, ratePerSecond: 60 },
    say,
  );
  const [first = 'no reason'] = verdict.reasons;
  const said = /^partition 0 of products was at 100 % of its RU, while the others were at [\d.]+ %/;
  return [
    exactly('flash sale on one shoe: verdict', verdict.verdict, 'fail'),
    { name: 'flash sale on one shoe: first reason', seen: first, wanted: String(said), holds: said.test(first) },
  ];
}

export const cosmosRu: ProofArea = {
  title: 'What a journey costs in RU is told with pass-through and without, and too little RU is put down to Cosmos DB',
  covers: ['load/verdict/cosmos-ru.ts', 'load/verdict/least-squares.ts', 'load/k6/traffic.ts', 'scripts/server-metrics.ts'],
  prove: async (say) => [...(await ledgerRows(say)), ...(await budgetRows(say)), ...(await hotRows(say))],
};
