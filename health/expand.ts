import type { Environment, Stamp } from '../fixtures/environments/schema.ts';
import {
  type Bond,
  type Component,
  type ComponentName,
  components,
  globalComponents,
  journeySignals,
  type Rule,
  type ScopeOf,
  type SignalOf,
  storeBonds,
  systemFlows,
  userFlows,
} from './model.ts';
import { type Signal, thresholdOf } from './thresholds.ts';

export type NodeKind = 'component' | 'user-flow' | 'system-flow' | 'stamp' | 'global' | 'region' | 'regions' | 'store';

/** A signal as one node reads it: `cosmosThrottled` of `contoso@westeurope`. */
export interface SignalNode extends Bond {
  readonly weight: number;
  /** `westeurope/cosmos:cosmosThrottled`, with `@probe` or `@journey` where a node reads one twice. */
  readonly id: string;
  readonly signal: Signal;
  /** As the rows of its source name it; `` for the whole store. */
  readonly scope: string;
  /** That of the threshold, or longer where a journey runs more seldom. */
  readonly windowMinutes: number;
  /** Width of its bins: how often the journey runs that it judges; else 1. */
  readonly everyMinutes: number;
}

interface Child extends Bond {
  readonly weight: number;
  readonly id: string;
}

export interface ModelNode {
  /** `westeurope/cosmos`, `front-door`, `flow:checkout@westeurope`, `stamp:westeurope`, `global`, `region:westeurope`, `store`. */
  readonly id: string;
  readonly kind: NodeKind;
  readonly title: string;
  readonly stamp?: string;
  readonly region?: string;
  readonly rule: Rule;
  readonly signals: readonly SignalNode[];
  readonly children: readonly Child[];
  /** Nodes that make it no root cause where they are bad at all. */
  readonly explainedBy: readonly string[];
}

/** What of an environment the model is made of. */
type Shape = Pick<Environment, 'stamps' | 'plans' | 'cosmosAccounts' | 'global' | 'monitor'>;

/** The model of an environment: every node, children before parents, the store last. */
export function expandModel(environment: Shape): ModelNode[] {
  const { stamps } = environment;
  const regions = [...new Set(stamps.map(({ region }) => region))];
  return [
    ...stamps.flatMap((stamp) => stampNodes(environment, stamp)),
    ...globalNodes(environment),
    ...regions.map((region) =>
      parent(`region:${region}`, 'region', region, 'redundancy', childrenOf(stamps.filter((stamp) => stamp.region === region)), {
        region,
      }),
    ),
    parent(
      'regions',
      'regions',
      'all regions',
      'redundancy',
      regions.map((region) => child(`region:${region}`)),
      {},
    ),
    parent('store', 'store', 'store', 'worst', storeChildren(environment), {}),
  ];
}

const child = (id: string, bond: Bond = {}): Child => ({ weight: 1, ...bond, id });
/** A standby stamp is shown; nobody shops there. Where all stand by, all count. */
const childrenOf = (stamps: readonly Stamp[]) => {
  const isActive = stamps.some(({ role }) => role === 'active');
  return stamps.map(({ name, role }) => child(`stamp:${name}`, { weight: isActive && role === 'standby' ? 0 : 1 }));
};
const componentId = (stamp: string, name: ComponentName) => `${stamp}/${name}`;
const flowId = (name: string, place: string) => `flow:${name}@${place}`;
const entries = <T extends object>(table: T) => Object.entries(table) as [keyof T & string, T[keyof T]][];

function parent(
  id: string,
  kind: NodeKind,
  title: string,
  rule: Rule,
  children: readonly Child[],
  more: Partial<ModelNode>,
): ModelNode {
  return { id, kind, title, rule, children, signals: [], explainedBy: [], ...more };
}

function stampNodes(environment: Shape, stamp: Stamp): ModelNode[] {
  const place = { stamp: stamp.name, region: stamp.region };
  const nodeOf = ([name, { title, signals, explainedBy }]: [ComponentName, Component]): ModelNode => {
    const id = componentId(stamp.name, name);
    const own = signals.map((each) => signalNode(id, each, scopeIn(environment, stamp, each.scope), environment));
    return parent(id, 'component', title, 'worst', [], {
      ...place,
      signals: own,
      explainedBy: explainedBy.map((other) => componentId(stamp.name, other)),
    });
  };
  const user = entries(userFlows).map(([name, flow]) => {
    const id = flowId(name, stamp.name);
    const needs = flow.needs.map((component) => child(componentId(stamp.name, component)));
    return parent(id, 'user-flow', flow.title, 'worst', needs, {
      ...place,
      signals: journeySignalNodes(id, flow.journey, stamp.name, environment),
    });
  });
  const system = entries(systemFlows).map(([name, flow]) => {
    const id = flowId(name, stamp.name);
    const needs = entries(flow.needs).map(([component, weight]) => child(componentId(stamp.name, component), { weight }));
    const signals = (flow.signals as readonly SignalOf[]).map((each) =>
      signalNode(id, each, scopeIn(environment, stamp, each.scope), environment),
    );
    return parent(id, 'system-flow', flow.title, 'weighted', needs, { ...place, signals });
  });
  const flows = [...entries(userFlows), ...entries(systemFlows)].map(([name, { bond }]) => child(flowId(name, stamp.name), bond));
  return [
    ...entries(components).map(nodeOf),
    ...user,
    ...system,
    parent(`stamp:${stamp.name}`, 'stamp', stamp.name, 'worst', flows, place),
  ];
}

/** The global endpoint: Front Door, and what shoppers meet through it. Stamps stand in for each other behind it. */
function globalNodes(environment: Shape): ModelNode[] {
  const { stamps } = environment;
  const telemetry = globalComponents.telemetry;
  const nodes = [
    parent('telemetry', 'component', telemetry.title, 'worst', [], {
      signals: telemetry.signals.map((each) => signalNode('telemetry', each, '', environment)),
    }),
  ];
  if (!environment.global) return nodes;
  const front = globalComponents['front-door'];
  const flows = entries(userFlows).map(([name, flow]) => {
    const id = flowId(name, 'global');
    return parent(id, 'user-flow', flow.title, 'worst', [child('front-door')], {
      signals: journeySignalNodes(id, flow.journey, 'global', environment),
      explainedBy: stamps.map((stamp) => flowId(name, stamp.name)),
    });
  });
  const bonds = entries(userFlows).map(([name, { bond }]) => child(flowId(name, 'global'), bond));
  return [
    ...nodes,
    parent('front-door', 'component', front.title, 'worst', [], {
      signals: front.signals.map((each) => signalNode('front-door', each, each.scope === 'store' ? '' : 'global', environment)),
      explainedBy: stamps.map((stamp) => componentId(stamp.name, 'api')),
    }),
    ...flows,
    parent('global', 'global', 'global endpoint', 'worst', bonds, {}),
  ];
}

const storeChildren = ({ global }: Shape): Child[] => [
  child('regions', storeBonds.regions),
  ...(global ? [child('global', storeBonds.global)] : []),
  child('telemetry', storeBonds.telemetry),
];

const journeySignalNodes = (id: string, journey: string, target: string, environment: Shape) =>
  journeySignals.map((each) => signalNode(id, { ...each, scope: `journey ${journey}` }, `${journey}@${target}`, environment));

function signalNode(owner: string, { scope: of, signal, ...bond }: SignalOf, scope: string, { monitor }: Shape): SignalNode {
  const [kind, name] = of.split(' ');
  const everyMinutes = kind === 'journey' && name !== undefined ? (monitor.everyMinutes[name] ?? 1) : 1;
  return {
    weight: 1,
    ...bond,
    id: `${owner}:${signal}${kind === 'probe' ? `@${name}` : ''}`,
    signal,
    scope,
    windowMinutes: Math.max(thresholdOf(signal).windowMinutes, everyMinutes),
    everyMinutes,
  };
}

function scopeIn({ plans, cosmosAccounts }: Shape, stamp: Stamp, scope: ScopeOf): string {
  const [kind, name] = scope.split(' ');
  const account = () => resourceName(cosmosAccounts, stamp.cosmos);
  switch (kind) {
    case 'stamp':
      return stamp.name;
    case 'region':
      return scopeName(stamp.region);
    case 'plan':
      return resourceName(plans, stamp.plan);
    case 'account':
      return account();
    case 'replica':
      return `${account()}@${scopeName(stamp.region)}`;
    default:
      return `${name}@${stamp.name}`;
  }
}

/** Azure writes `West Europe` and `CONTOSO` in one table, `westeurope` and `contoso` in another. */
export const scopeName = (text: string) => text.toLowerCase().replaceAll(' ', '');

/** What stands last in a resource's ARM id; where the file names none, its own name. */
function resourceName(all: readonly { readonly name: string; readonly resourceId?: string | undefined }[], name: string): string {
  const id = all.find((each) => each.name === name)?.resourceId ?? name;
  return scopeName(id.slice(id.lastIndexOf('/') + 1));
}
