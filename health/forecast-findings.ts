import { minuteMs } from './bins.ts';
import { about, type Finding } from './findings.ts';
import { type Incident, memberParts } from './incident.ts';
import type { HealthPicture } from './picture.ts';
import { pairName } from './window.ts';

/** A trend that is not sure for some minutes isn't over: a warning comes once. */
const holdMs = 15 * minuteMs;

/** Bounds that will be crossed: warnings of their own, each until it has been gone for a while. */
export function forecastFindings({ warnings }: HealthPicture, open: readonly Incident[], nowMs: number): Finding[] {
  // A certificate's end is an incident of its own kind.
  const standing = warnings
    .filter(({ id }) => !id.startsWith('certificate-end@'))
    .map(({ id, place, title, within, text }) =>
      finding(
        id.slice(0, id.indexOf('@')),
        place,
        { state: 'open', sinceMs: nowMs },
        { rule: `${title} within its bound for this ${within}`, seen: text },
      ),
    );
  const known = new Set(standing.map(({ member }) => member));
  const gone = open
    .filter(({ kind }) => kind === 'forecast')
    .flatMap(({ members, lastOpenMs, evidence }) => members.map((member) => ({ ...memberParts(member), lastOpenMs, evidence })))
    .filter(({ journey, target }) => !known.has(pairName(journey, target)));
  return [
    ...standing,
    ...gone.map(({ journey, target, lastOpenMs, evidence }) =>
      finding(journey, target, { state: nowMs - lastOpenMs >= holdMs ? 'closed' : 'undecided' }, evidence),
    ),
  ];
}

const finding = (name: string, place: string, standing: Finding['standing'], evidence: Incident['evidence']): Finding => ({
  ...about('forecast', name, { kind: 'global', target: place, region: place }),
  standing,
  failingNow: false,
  cause: `${name} ahead`,
  failureCause: name,
  urgency: 'ticket',
  evidence: { rule: evidence.rule, seen: evidence.seen },
});
