import type { Urgency } from '../fixtures/environments/alerting.ts';
import { minuteMs } from './bins.ts';
import { type Evidence, type Finding, type IncidentKind, mostFrequent } from './findings.ts';

/** Findings with one cause: one incident, and so one alert. */
export interface Group {
  readonly kind: IncidentKind;
  readonly cause: string;
  /** Where: a target, a region, `global`, a location, or `store` for several regions. */
  readonly place: string;
  /** How far it reaches: 0 one journey or target's part, 1 a whole target or region or one part of several, 2 the store. */
  readonly breadth: 0 | 1 | 2;
  readonly urgency: Urgency;
  readonly sinceMs: number;
  readonly findings: readonly Finding[];
  readonly evidence: Evidence;
  /** From the cause up to the store, a sentence each. */
  readonly chain?: readonly string[];
  /** Its values are well again, and its rules don't say so yet: they no longer show what was wrong. Default false. */
  readonly isFading?: boolean;
  /** False: it is no incident of its own yet. Default true. */
  readonly mayOpen?: boolean;
}

const everywhere = 'store';

/** Two faults that begin within it, in the same places, are taken for one. */
const sameBeginMs = 2 * minuteMs;

interface Label {
  readonly cause?: string;
  readonly place: string;
  readonly breadth: Group['breadth'];
}

/**
 * One group for each cause: first whole places that are down, then what depends on those, then steps that fail in several
 * places, then what began together. Only groups with something open are answered; what is only failing now shows how far
 * they reach.
 */
export function groupByCause(findings: readonly Finding[]): Group[] {
  const wrong = findings.filter(({ standing, failingNow }) => standing.state === 'open' || failingNow);
  const outages = (['outage', 'silence'] as const).flatMap((kind) =>
    groupsOfKind(
      wrong.filter((finding) => finding.kind === kind),
      findings.filter((finding) => finding.kind === kind),
    ),
  );
  const others = (['certificate', 'probe', 'forecast', 'first-attempts', 'monitor', 'burn-rate'] as const).flatMap((kind) =>
    [
      ...by(
        wrong.filter((finding) => finding.kind === kind),
        ({ cause, urgency }) => `${cause} ${urgency}`,
      ).values(),
    ].map((same) => groupOf(same, labelOf(same))),
  );
  return [...outages, ...others].filter(({ findings: of }) => of.some(isOpen));
}

function groupsOfKind(wrong: readonly Finding[], all: readonly Finding[]): Group[] {
  if (!wrong.some(isOpen)) return [];
  const down = downPlaces(wrong, all);
  const taken = new Set(down.flatMap(({ findings }) => findings));
  const rest = wrong.filter((finding) => !taken.has(finding));
  const regional = down.find(({ findings }) => findings.some(({ place }) => place.kind === 'stamp'));
  const elsewhere = new Set(rest.filter((finding) => !isGlobal(finding)).map(({ cause }) => cause));
  // The global endpoint leads to the regions, and what compares regions names the one that is down.
  const ofDown = (finding: Finding) =>
    down.find((group) => dependsOn(finding, group)) ??
    (isGlobal(finding) && !elsewhere.has(finding.cause) ? regional : undefined);
  const whole = down.map((group) =>
    groupOf([...group.findings, ...rest.filter((finding) => ofDown(finding) === group)], { ...group, cause: commonCause(group) }),
  );
  const single = rest.filter((finding) => ofDown(finding) === undefined);
  const steps = [...by(single, ({ cause }) => cause).values()].map((same) => groupOf(same, labelOf(same)));
  return [...whole, ...togetherBegun(steps)];
}

const isOpen = ({ standing }: Finding) => standing.state === 'open';
const isGlobal = ({ place }: Finding) => place.kind === 'global';

interface Down extends Label {
  readonly findings: readonly Finding[];
}

/** Places where most of at least two journeys fail: whole regions, single stamps of a region, the global endpoint, or all. */
function downPlaces(wrong: readonly Finding[], all: readonly Finding[]): Down[] {
  const known = by(all, targetOf);
  const failing = by(wrong, targetOf);
  const isDown = (target: string) => {
    const of = failing.get(target)?.length ?? 0;
    return of >= 2 && of * 2 > (known.get(target)?.length ?? 0);
  };
  const regions = [
    ...by(
      all.filter((finding) => !isGlobal(finding)),
      ({ place }) => place.region,
    ),
  ];
  const downTargets = new Set([...failing.keys()].filter(isDown));
  const downOf = (of: readonly Finding[]) =>
    of.filter((finding) => downTargets.has(targetOf(finding)) && wrong.includes(finding));
  const wholeRegions = regions.filter(([, of]) => of.every((finding) => downTargets.has(targetOf(finding))));
  const front = downOf(all.filter(isGlobal));
  if (regions.length > 1 && wholeRegions.length === regions.length)
    return [{ place: everywhere, breadth: 2, findings: downOf(all) }];
  const stamps = regions.flatMap(([region, of]): Down[] => {
    const findings = downOf(of);
    if (wholeRegions.some(([name]) => name === region)) return [{ place: region, breadth: 1, findings }];
    return [...by(findings, targetOf)].map(([target, own]) => ({ place: target, breadth: 1, findings: own }));
  });
  const open = [...stamps, ...(front.length > 0 ? [{ place: 'global', breadth: 1, findings: front } as const] : [])];
  // A region takes the global endpoint with it; without one, the global endpoint is down by itself.
  return stamps.length > 0 ? stamps : open;
}

/** Where a whole place is down, the steps at which that shows are chance. */
const commonCause = ({ findings }: Down) => mostFrequent(findings.map(({ failureCause }) => failureCause));

const targetOf = ({ place }: Finding) => place.target;

/** A failure that names a place that is down, such as `read in westeurope`, is that outage's. */
function dependsOn({ evidence: { step = '', seen }, failingNow, standing }: Finding, { place, findings }: Down): boolean {
  if (standing.state !== 'open' && !failingNow) return false;
  const names = [place, ...new Set(findings.map(targetOf))].filter((name) => name !== everywhere && name !== 'global');
  const text = `${step} ${seen}`;
  return names.some((name) => new RegExp(`(^|[^a-z0-9-])${name}($|[^a-z0-9-])`).test(text));
}

/** Steps that fail in the same places since the same time have one cause; it is called by the one that hits most. */
function togetherBegun(groups: readonly Group[]): Group[] {
  const merged: Group[] = [];
  for (const group of [...groups].sort((a, b) => b.findings.length - a.findings.length || (a.cause < b.cause ? -1 : 1))) {
    const at = merged.findIndex(
      (each) => placesOf(each) === placesOf(group) && Math.abs(each.sinceMs - group.sinceMs) <= sameBeginMs,
    );
    const same = merged[at];
    if (same) merged[at] = groupOf([...same.findings, ...group.findings], same);
    else merged.push(group);
  }
  return merged;
}

const placesOf = ({ findings }: Group) => [...new Set(findings.map(({ place }) => place.region))].sort().join();

/** Findings of several regions are the store's; the global endpoint is served by a region and doesn't make two of one. */
function labelOf(findings: readonly Finding[]): Label {
  const regions = [...new Set(findings.filter((finding) => !isGlobal(finding)).map(({ place }) => place.region))];
  const targets = [...new Set(findings.map(targetOf))];
  if (regions.length > 1) return { place: everywhere, breadth: 1 };
  const [only] = targets;
  if (targets.length === 1 && only !== undefined) return { place: only, breadth: 0 };
  return { place: regions[0] ?? 'global', breadth: 0 };
}

function groupOf(findings: readonly Finding[], { place, breadth, cause }: Label): Group {
  const open = findings.filter(isOpen);
  const voices = open.length > 0 ? open : findings;
  const named = cause ?? mostFrequent(voices.map((finding) => finding.cause));
  const since = voices.map(({ standing }) => (standing.state === 'open' ? standing.sinceMs : Number.POSITIVE_INFINITY));
  const first = [...voices].sort((a, b) => startOf(a) - startOf(b) || (a.member < b.member ? -1 : 1));
  const shown = first.find((finding) => finding.cause === named) ?? first[0];
  return {
    kind: voices[0]?.kind ?? 'outage',
    cause: named,
    place,
    breadth,
    urgency: findings.some(({ urgency }) => urgency === 'page') ? 'page' : 'ticket',
    sinceMs: Math.min(...since),
    findings,
    evidence: shown?.evidence ?? { rule: '', seen: '' },
  };
}

const startOf = ({ standing }: Finding) => (standing.state === 'open' ? standing.sinceMs : Number.POSITIVE_INFINITY);

function by<T>(entries: readonly T[], key: (entry: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const group = groups.get(key(entry));
    if (group) group.push(entry);
    else groups.set(key(entry), [entry]);
  }
  return groups;
}
