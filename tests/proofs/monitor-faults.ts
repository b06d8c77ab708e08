import { faultTable } from '../../fixtures/contoso/fault-table.ts';
import { journeys } from '../../synthetics/journeys/index.ts';
import { faultRows } from '../acceptance/fault-rows.ts';
import { FaultWatch, longestMs, type SeenFault, type WantedFault } from '../monitor/live/fault-watch.ts';
import { atMost, exactly, type ProofArea, type ProofRow } from './proof.ts';

const eastus = ['eastus', 'eastus-staging'];
const others = ['westeurope', 'westeurope-staging', 'global'];
const at = (names: readonly string[], targets: readonly string[]) =>
  targets.flatMap((target) => names.map((name) => `${name}@${target}`));
const all = journeys.map(({ name }) => name);
const reading = all.filter((name) => name !== 'sign-in');
const across = at(['across-regions'], others);

/** Kinds that the acceptance rows leave to the tests of the parts that they break. */
const more: readonly WantedFault[] = [
  {
    fault: { kind: 'certificate-expired', region: 'eastus' },
    fails: [...at([...all, 'certificate'], eastus), ...across],
    cause: 'tls',
  },
  { fault: { kind: 'certificate-expiring', region: 'eastus' }, fails: at(['certificate'], eastus), cause: 'tls' },
  { fault: { kind: 'cosmos-database-missing', region: 'eastus' }, fails: [...at(reading, eastus), ...across], cause: 'http' },
  { fault: { kind: 'cpu-hog', stamp: 'eastus', cpuPercent: 50 }, fails: [] },
  { fault: { kind: 'health-check-failing', region: 'eastus' }, fails: at(['health'], eastus), cause: 'http' },
  { fault: { kind: 'instance-crash', region: 'eastus' }, fails: [...at(all, eastus), ...across], cause: 'http' },
  {
    fault: { kind: 'region-partitioned', region: 'eastus' },
    fails: [...at(['across-regions'], eastus), ...across],
    cause: 'assertion',
  },
];

/** Limits of requests are shorter here than in the acceptance rows, which changes no cause. */
const wantedFaults: readonly WantedFault[] = [
  ...faultRows.map(({ fault, fails, failure }) => ({
    fault,
    // The monitor holds its token for as long as it is valid: only who signs in anew asks for another.
    fails: failure?.cause === 'auth' ? fails.filter((check) => check.startsWith('sign-in@')) : fails,
    cause: failure?.cause,
  })),
  ...more,
];

interface SeenRow extends SeenFault {
  /** What was not as wanted the first time; empty where once was enough. */
  readonly atFirst: readonly string[];
}

const asWanted = 'right results, right cause, gone after it';
const linesOf = (faults: readonly string[]) => faults.map((line) => `\n  ${line}`).join('');

/** A machine that others keep busy starves requests until they time out: a row that is not as wanted is seen once more, and told. */
async function seeFaults(wanted: readonly WantedFault[], say: (line: string) => void): Promise<SeenRow[]> {
  const watch = await FaultWatch.start();
  const see = async (row: WantedFault) => {
    const one = await watch.see(row);
    say(`${one.title}: seen after ${one.seenAfter} s, gone after ${one.goneAfter} s${linesOf(one.faults)}`);
    return one;
  };
  try {
    await watch.settle();
    const seen: SeenRow[] = [];
    for (const row of wanted) {
      const first = await see(row);
      seen.push(first.faults.length === 0 ? { ...first, atFirst: [] } : { ...(await see(row)), atFirst: first.faults });
    }
    return seen;
  } finally {
    await watch.close();
  }
}

async function prove(say: (line: string) => void): Promise<ProofRow[]> {
  const seen = await seeFaults(wantedFaults, say);
  const kinds = new Set(wantedFaults.map(({ fault }) => fault.kind));
  const longest = (read: (one: SeenFault) => number) => Math.max(...seen.map(read));
  const limit = longestMs / 1_000;
  const twice = seen.filter(({ atFirst }) => atFirst.length > 0);
  return [
    exactly('kinds of faults', kinds.size, Object.keys(faultTable).length),
    ...seen.map(({ title, faults }) => exactly(title, faults.join('; ') || asWanted, asWanted)),
    {
      name: 'seen twice',
      seen: twice.map(({ title, atFirst }) => `${title}: ${atFirst.join('; ')}`).join('; ') || 'none',
      wanted: 'told',
      holds: true,
    },
    atMost(
      'longest from a fault to a period that shows it',
      longest(({ seenAfter }) => seenAfter),
      limit,
      's',
    ),
    atMost(
      'longest from its end to a period without it',
      longest(({ goneAfter }) => goneAfter),
      limit,
      's',
    ),
  ];
}

export const monitorFaults: ProofArea = {
  title: 'Every fault of the table shows up in the right results of the monitor, with the right cause, and disappears after it',
  covers: ['synthetics', 'fixtures/contoso'],
  prove,
};
