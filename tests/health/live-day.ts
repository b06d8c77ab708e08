import { minuteMs } from '../../health/bins.ts';
import { evaluate } from '../../health/evaluate.ts';
import { expandModel } from '../../health/expand.ts';
import type { Incident } from '../../health/incident.ts';
import { IncidentStore } from '../../health/incident-store.ts';
import type { Health } from '../../health/model.ts';
import type { HealthPicture } from '../../health/picture.ts';
import { evaluateRound } from '../../health/round.ts';
import { readRows } from '../../health/rows.ts';
import { Observations } from '../../health/series.ts';
import type { Signal } from '../../health/thresholds.ts';
import { ResultWindow } from '../../health/window.ts';
import { resultRows } from '../../scripts/health-rows.ts';
import { type Check, day, environmentWith, journeys, type Meets, resultAt, targets } from './day.ts';
import { baseRows, readsOthersRows, valuesOf, well } from './situation.ts';
import { rowOf } from './table-rows.ts';

/** What is otherwise than well in a minute. */
export interface Minute {
  /** Of journeys, `health` among them. */
  readonly meets?: (check: Check) => Meets;
  /** Of a signal at a scope: a token as in situations, `-` for none; undefined: well. */
  readonly signal?: (signal: Signal, scope: string) => string | undefined;
}

interface Lived {
  readonly pictures: readonly HealthPicture[];
  readonly incidents: readonly Incident[];
  /** By incident: what was told of it, in order. */
  readonly told: readonly {
    readonly key: string;
    readonly state: string;
    readonly minute: number;
    readonly incident: Incident;
  }[];
}

/** Read from results, which the simulated monitor runs itself. */
const ofResults: readonly Signal[] = ['journeyFailed', 'budgetSpent', 'passedOnRetry', 'inconclusive', 'certificateDays'];
const warmUp = 45;

/** Rounds, signals and the evaluation of both, minute by minute, with clocks of their own: `minutes` after a well while. */
export function live(minutes: number, at: (minute: number) => Minute): Lived {
  const environment = environmentWith();
  const model = expandModel(environment);
  const store = new IncidentStore(':memory:');
  const window = new ResultWindow(environment);
  const observations = new Observations();
  const scopes = [
    ...new Map(
      model.flatMap(({ signals }) => signals).map(({ signal, scope }) => [`${signal} ${scope}`, { signal, scope }]),
    ).values(),
  ].filter(({ signal }) => !ofResults.includes(signal));
  const pictures: HealthPicture[] = [];
  for (let minute = -warmUp; minute < minutes; minute += 1) {
    const { meets, signal: tokenOf } = minute < 0 ? {} : at(minute);
    const results = [...journeys, 'health'].flatMap((journey) =>
      targets.flatMap((target) => {
        const check = { journey, target, minute };
        const met = meets?.(check);
        return met === 'none' ? [] : [resultAt(check, met)];
      }),
    );
    const rows = scopes.flatMap(({ signal, scope }) => {
      const isSaid = readsOthersRows.includes(signal);
      const token = tokenOf?.(signal, scope) ?? (isSaid ? '-' : `${well[signal]}/${baseRows(signal)}`);
      return valuesOf(signal, token).map((value, i) => {
        const startMs = day + minute * minuteMs;
        return rowOf(signal, scope, startMs + (i % 60) * 1_000, value, `${signal} ${scope} ${minute} ${i}`);
      });
    });
    observations.add(readRows('AppAvailabilityResults', resultRows(results)));
    for (const { table, row } of rows) observations.add(readRows(table, [row]));
    const nowMs = day + minute * minuteMs + 50_000;
    observations.prune(model, nowMs);
    if (minute < 0) {
      window.add(results);
      continue;
    }
    const picture = evaluate(model, observations.series(model, nowMs), nowMs);
    pictures.push(picture);
    evaluateRound({ environment, results, nowMs, store, window, picture, sinceMs: day - warmUp * minuteMs });
  }
  return { pictures, ...toldBy(store) };
}

function toldBy(store: IncidentStore): Pick<Lived, 'incidents' | 'told'> {
  const incidents = store.recentIncidents(0);
  const told = store.notices('waiting').flatMap(({ key, state, atMs }) => {
    const [incident] = store.findIncidents(key);
    return incident ? [{ key, state, minute: Math.floor((atMs - day) / minuteMs), incident }] : [];
  });
  store.close();
  return { incidents, told };
}

/** `10 unhealthy, 32 healthy`: the minutes in which a node's state changed, from the one that it began with. */
export function changesOf(pictures: readonly HealthPicture[], id: string): string {
  let before: Health | undefined;
  const changes: string[] = [];
  pictures.forEach(({ nodes }, minute) => {
    const state = nodes.find((node) => node.id === id)?.state;
    if (state !== before) changes.push(`${minute} ${state}`);
    before = state;
  });
  return changes.join(', ');
}
