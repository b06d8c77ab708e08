import { expandModel } from '../../../health/expand.ts';
import { memory, type Signal, thresholdOf } from '../../../health/thresholds.ts';
import { environments, type Situation, tablesOf } from '../situation.ts';
import { queryOf } from './agreement.ts';
import { justEnough, lastSeen, minutesAt } from './edges.ts';
import type { Tables } from './run.ts';
import type { Trial } from './trials.ts';

/** With a stamp that stands by, which counts for nothing. */
const environment = environments['blue-green'];
const model = expandModel(environment);
const right = queryOf(model, environment);

/** The operator beside it: as little as a comparison can be off. */
const besides: Readonly<Record<string, string>> = {
  '>=': '>',
  '>': '>=',
  '<': '<=',
  '<=': '<',
  '==': '!=',
  '!=': '==',
  in: '!in',
  '!in': 'in',
  '!contains': 'contains',
  and: 'or',
  or: 'and',
};

/** Where the operator beside it says the same: the opposite one, then. */
const opposites: readonly (readonly [before: RegExp, operator: string])[] = [
  // Read for its cost alone, a minute more than any window reaches.
  [/TimeGenerated $/, '<'],
  // A number at all; no certificate ended a hundred years ago.
  [/certificateDays\)\) $/, '<'],
  // At most: of two that are the same it doesn't matter which.
  [/iff\(State $/, '<'],
  // The steps end with the longest rule, and all are as long.
  [/where Step $/, '>='],
  // Nothing divided by nothing is nothing in DuckDB; in Kusto it is NaN.
  [/iff\(Weights $/, '<'],
];

interface Operator {
  readonly name: string;
  readonly changed: string;
  /** Of the signal whose rows it picks; of what comes after, where there is none. */
  readonly signal: Signal | undefined;
}

/** Statements that are written once and stand once for each layer are one: what is wrong with one is wrong with all. */
const nameOf = (statement: string) => (/^let (\w+)/.exec(statement)?.[1] ?? 'answer').replace(/^Layer\d+$/, 'Layer');

/** Every comparison and every `and`, `or`, `in` of the query, each with the query in which it alone is another. */
export function operators(): Operator[] {
  const statements = right.split(/(?<=;\n)/);
  const names = [...new Set(statements.map(nameOf))];
  return names.flatMap((name) => {
    const [first = ''] = statements.filter((each) => nameOf(each) === name);
    if (first.includes('datatable(')) return [];
    return tokensIn(first).map((token, at): Operator => {
      const changed = statements.map((each) => (nameOf(each) === name ? withOther(each, at) : each)).join('');
      const rest = first.slice(token.index);
      const signal = name === 'Minutes' ? (/Signal = '(\w+)'/.exec(rest)?.[1] as Signal) : undefined;
      const about = `${first.slice(Math.max(0, token.index - 30), token.index)}[${token[0]}]${rest.slice(token[0].length, 30)}`;
      return { name: `${signal ?? name} ${at}: ${about.replaceAll('\n', ' ')}`, changed, signal };
    });
  });
}

const tokensIn = (statement: string) =>
  [...statement.matchAll(/(?<= )(>=|<=|>|<|==|!=|!in|in|!contains|and|or)(?= )/g)].filter(
    ({ index }) => !statement.slice(0, index).endsWith('$left.Child '),
  );

function withOther(statement: string, at: number): string {
  const token = tokensIn(statement)[at];
  if (!token) throw new RangeError(`operator ${at} is not in every layer: ${statement}`);
  const before = statement.slice(0, token.index);
  const other = opposites.find(([pattern]) => pattern.test(before))?.[1] ?? besides[token[0]];
  return `${before}${other}${statement.slice(token.index + token[0].length)}`;
}

const tables = (given: Situation['given'], base: Situation['base'] = 'nothing') =>
  tablesOf({ title: 'operators', environment: 'blue-green', base, given, states: {} });

/** Rows of one signal at a bound of it: at both where the query itself names them, and not at a half, of which the rest is another. */
function ofSignal(signal: Signal): Tables[] {
  const row = thresholdOf(signal);
  const scope = model.flatMap(({ signals }) => signals).find((each) => each.signal === signal)?.scope ?? '';
  const { degradedAt, unhealthyAt } = row;
  const bounds = row.statistic === 'p95' ? [degradedAt, unhealthyAt] : [degradedAt === 50 ? unhealthyAt : degradedAt];
  return bounds.map((bound) => tables([[signal, scope, minutesAt(row, bound)]]));
}

const sparse = (minutes: number) =>
  Array.from({ length: minutes }, (_, back) => (back % 4 === 0 ? '0' : '-'))
    .reverse()
    .join(' ');

/** Series that are each at one edge of what makes a state of rows. */
const edges = (): Tables =>
  tables([
    ['journeyFailed', 'browse@blue', '0x20 100 0 100 0 100'],
    ['journeyFailed', 'search@blue', '100x20 0x4'],
    ['journeyFailed', 'cart@blue', '0x20 100x3'],
    ['journeyFailed', 'checkout@blue', '0x20 100 0 0 100 0 100'],
    ['journeyFailed', 'reviews@blue', `0x40 -x${memory.staleBins}`],
    ['journeyFailed', 'sign-in@blue', `100x3 ${sparse(memory.lookbackBins + 1)}`],
    ['journeyFailed', 'browse@green', '20x20'],
    ['journeyFailed', 'search@green', '50x20'],
    ['journeyFailed', 'cart@green', '100x20 0x3'],
    ['journeyFailed', 'checkout@green', '0x20 100x2'],
    // Of the whole hour and of the last minutes: bad by one of them alone is not bad.
    ['journeyFailed', 'browse@eastus', '10/10x70'],
    ['journeyFailed', 'search@eastus', '50/10x70'],
    ['journeyFailed', 'cart@eastus', '100/20x40 0/20x8'],
    ['journeyFailed', 'checkout@eastus', '0/20x60 100/20x4'],
    ['journeyFailed', 'reviews@eastus', '0/20x40 -x9'],
    ['journeyFailed', 'sign-in@eastus', lastSeen('budgetSpent')],
    ['journeyFailed', 'reviews@green', '0x20 40 0 40 0 40'],
    ['exceptions', 'blue', '2x14'],
    ['certificateDays', 'blue', '29'],
    ['cpuPercent', 'plan-blue', justEnough('cpuPercent')],
    ['cpuPercent', 'plan-green', lastSeen('cpuPercent')],
    ['queueLength', 'plan-blue', '0x20 400 0'],
    ['queueLength', 'plan-green', '0x20 400 0x8'],
    ['instanceHealthPercent', 'westeurope', '90x14'],
    ['instanceHealthPercent', 'eastus', '50x14'],
    ['serverLatencyMs', 'blue', Array<string>(4).fill('200/1 10/5x3 10/4').join(' ')],
  ]);

/** One of two stamps of a region bad, and it counts alone; an account that is never taken for worse than degraded; something optional unknown. */
const layered = (): Tables =>
  tables(
    [
      ['cpuPercent', 'plan-blue', '95x15'],
      ['cosmosRuPercent', 'contoso', '95x15'],
      ['memoryPercent', 'plan-eastus', '-x60'],
      ['scaleFailures', 'plan-eastus', '1'],
    ],
    'well',
  );

/** Parts of a weighted flow of which those that are known weigh exactly to each of its bounds: 3 of 5 well; 4 well and 1 half. */
const weighed = (): Tables =>
  tables([
    ['probeFailed', 'registry@blue', '0/3x20'],
    ['keyVaultFailures', 'westeurope', '10/20x20'],
    ['probeFailed', 'registry@eastus', '0/3x20'],
    ['probeFailed', 'key-vault@eastus', '0/3x20'],
    ['keyVaultFailures', 'eastus', '0x20'],
  ]);

/** Each operator's query on the rows that are to tell it from the right one. */
export function operatorTrials(some: readonly Operator[]): Trial[] {
  const shared = [edges(), layered(), weighed()];
  const bySignal = new Map([...new Set(some.map(({ signal }) => signal))].map((signal) => [signal, signal && ofSignal(signal)]));
  return some.flatMap(({ name, changed, signal }) =>
    (bySignal.get(signal) ?? shared).map((each) => ({ name, model, right, changed, tables: each })),
  );
}
