import type { Urgency } from '../fixtures/environments/alerting.ts';
import { isBad, isStillBeyond, sentenceOf } from './because.ts';
import { minuteMs } from './bins.ts';
import type { Group } from './causes.ts';
import type { Evidence, Finding } from './findings.ts';
import { severityOf, userFlows } from './model.ts';
import type { HealthPicture, NodePicture, RootCause } from './picture.ts';
import { causeName } from './root-causes.ts';
import { thresholdOf } from './thresholds.ts';
import { pairName } from './window.ts';

/** A degraded part that nobody has to get up for may be on its way to worse: one message, once it is known which. */
const ticketHoldMs = 5 * minuteMs;

/** What has messages of its own already: certificates by their days, telemetry by the probe's rounds. */
const toldElsewhere = new Set(['certificateDays', 'inconclusive']);

/** User flows are what outages are about; what lies below them, and what no journey shows, is found by the model alone. */
const isFound = ({ kind }: NodePicture) => kind === 'component' || kind === 'system-flow';

/** Every component and system flow of a picture, so that an incident about one ends when it is healthy. */
export const healthFindings = ({ nodes }: HealthPicture): Finding[] => nodes.filter(isFound).map(findingOf);

function findingOf(node: NodePicture): Finding {
  const { kind, state, sinceMs, stamp = 'global', region = 'global', because } = node;
  const name = nameOf(causeName(node));
  // An unknown component keeps an incident open; a system flow may be unknown, as it may for its stamp.
  const isOver = state === 'healthy' || kind === 'system-flow';
  return {
    kind: 'health',
    member: pairName(name, stamp),
    journey: name,
    place: { kind: stamp === 'global' ? 'global' : 'stamp', target: stamp, region },
    standing: isBad(state) ? { state: 'open', sinceMs } : { state: isOver ? 'closed' : 'undecided' },
    failingNow: false,
    cause: name,
    failureCause: name,
    urgency: 'ticket',
    evidence: evidenceOf(because[0]),
  };
}

/** `scale-out` of `flow:scale-out`. */
const nameOf = (cause: string) => cause.replace(/^flow:/, '');
/** Its results tell of it, as an outage. */
const isUserFlow = (cause: string) => cause.startsWith('flow:') && Object.hasOwn(userFlows, nameOf(cause));

function evidenceOf(cause: NodePicture['because'][number] | undefined): Evidence {
  if (!cause) return { rule: 'a component that is well', seen: 'not' };
  const { title, unit, source, direction } = thresholdOf(cause.signal);
  const bound = `${title} ${direction === 'higher' ? 'below' : 'of at least'} ${cause.bound} ${unit}`;
  return { rule: bound, seen: cause.text, table: source.table, at: new Date(cause.sinceMs).toISOString() };
}

/**
 * Groups by the model's root causes: what journeys, retries and components show of one is one group, and so one incident and one
 * alert. Outages that no component explains stay as they are.
 */
export function unite(groups: readonly Group[], findings: readonly Finding[], picture: HealthPicture): Group[] {
  const roots = picture.rootCauses.filter(isOurs);
  const taken = new Map<Group, RootCause>();
  for (const group of groups) {
    const root = roots.find((each) => explains(each, group));
    if (root) taken.set(group, root);
  }
  const united = roots.map((root) =>
    groupOf(
      root,
      groups.filter((group) => taken.get(group) === root),
      findings,
      picture,
    ),
  );
  return [...united, ...groups.filter((group) => !taken.has(group))];
}

const isOurs = ({ cause, because }: RootCause) => !isUserFlow(cause) && because.some(({ signal }) => !toldElsewhere.has(signal));

/** Most of what the group found lies in the chain above the root. */
function explains({ nodes, chain }: RootCause, { kind, findings }: Group): boolean {
  if (kind !== 'outage' && kind !== 'first-attempts') return false;
  const reached = new Set([...nodes, ...chain]);
  const explained = findings.filter(({ journey, place: { target } }) => {
    if (reached.has(`flow:${journey}@${target}`)) return true;
    // Journeys that are no flow, and retries: by the API that they meet.
    return reached.has(`${target}/api`) || reached.has(`${target}/cosmos`) || (target === 'global' && reached.has('global'));
  });
  return explained.length * 2 > findings.length;
}

function groupOf(
  root: RootCause,
  outages: readonly Group[],
  findings: readonly Finding[],
  { nodes, atMs }: HealthPicture,
): Group {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const reached = [...root.nodes, ...root.chain].flatMap((id) => byId.get(id) ?? []);
  const members = new Set(reached.filter(isFound).map((node) => findingOf(node).member));
  const own = findings.filter(({ kind, member }) => kind === 'health' && members.has(member));
  const urgency = urgencyOf(reached, outages);
  const sinceMs = Math.min(root.sinceMs, ...outages.map((group) => group.sinceMs));
  const shown = outages[0]?.evidence;
  return {
    kind: 'health',
    cause: nameOf(root.cause),
    place: root.place,
    breadth: root.place === 'store' ? 2 : 1,
    urgency,
    sinceMs,
    findings: [...own, ...outages.flatMap((group) => group.findings)],
    // What the component shows, and the trace of a shopper who met it.
    evidence: {
      ...evidenceOf(root.because.find(isStillBeyond) ?? root.because[0]),
      ...(shown?.traceId && { traceId: shown.traceId, resultId: shown.resultId }),
    },
    chain: reached.map(sentenceOf),
    isFading: !root.because.some(isStillBeyond),
    mayOpen: urgency === 'page' || atMs - root.sinceMs >= ticketHoldMs,
  };
}

/** Somebody has to get up where shoppers can't do something. */
function urgencyOf(reached: readonly NodePicture[], outages: readonly Group[]): Urgency {
  const isFlowDown = reached.some(({ kind, state }) => kind === 'user-flow' && severityOf[state] === severityOf.unhealthy);
  return isFlowDown || outages.some(({ kind, urgency }) => kind === 'outage' && urgency === 'page') ? 'page' : 'ticket';
}
