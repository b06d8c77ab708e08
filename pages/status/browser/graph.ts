import { words } from '../../words.ts';
import type { StatusState } from '../state.ts';
import { bodyOf, byId, h, redraw, table } from './dom.ts';
import { boundsOf, clock, duration, type NodeView, nodesOf, stateWord } from './view.ts';

let nodes: readonly NodeView[] = [];
let shown: number | undefined;

const chipOf = (number: number) => document.getElementById(`node-${number}`);

/** Store, regions, stamps, flows, components as lights within each other; a light opens to its signals and reasons. */
export function drawGraph(state: StatusState): void {
  nodes = nodesOf(state);
  const host = bodyOf('graph');
  redraw(host, state.shape.nodes, () => {
    shown = undefined;
    return skeleton();
  });
  for (const node of nodes) paint(node);
  if (shown === undefined) openFromAddress();
  else drawDetail();
}

/** What the address names is opened, so that a link can point at a node. */
export function openFromAddress(): void {
  const id = idOf(location.hash.slice(1));
  const node = nodes.find((each) => each.id === id);
  if (node) open(node.number);
}

/** A broken link names no node, and breaks nothing else. */
function idOf(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** A light from elsewhere on the page: to the node in the graph. */
function go(number: number): void {
  open(number);
  const chip = chipOf(number);
  chip?.scrollIntoView({ block: 'center' });
  chip?.focus({ preventScroll: true });
}

function skeleton(): HTMLElement[] {
  const global = nodes.filter(
    ({ kind, id, place }) => kind === 'global' || id.endsWith('@global') || (kind === 'component' && place === ''),
  );
  const top = nodes.filter(({ kind }) => kind === 'store' || kind === 'regions').reverse();
  const regions = nodes.filter(({ kind }) => kind === 'region');
  const hint = 'A light opens to its signals and reasons. Keys: arrows move, Enter opens, Escape closes.';
  const graph = h('div', { class: 'cards', role: 'group', 'aria-label': 'The health model' });
  graph.append(
    card('wide', [['', top]]),
    card('', [
      ['everywhere', global.filter(({ kind }) => kind === 'global')],
      ['user flows', global.filter(({ kind }) => kind === 'user-flow')],
      ['components', global.filter(({ kind }) => kind === 'component')],
    ]),
    ...regions.map(regionCard),
  );
  graph.addEventListener('keydown', onKey);
  const first = graph.querySelector('button');
  if (first) first.tabIndex = 0;
  return [h('p', { class: 'muted' }, hint), graph];
}

const stampsOf = (region: NodeView) => region.children.flatMap((child) => nodes[child] ?? []);

/** A region's stamps stand within it: they stand in for each other. */
function regionCard(region: NodeView): HTMLElement {
  const stamps = stampsOf(region);
  const [only] = stamps;
  if (only && stamps.length === 1) return card('', [['', [region, only]], ...partsOf(only)]);
  const around = card('wide', [['', [region]]]);
  around.append(h('div', { class: 'cards' }, ...stamps.map((stamp) => card('inner', [['', [stamp]], ...partsOf(stamp)]))));
  return around;
}

function partsOf({ stamp }: NodeView): [string, NodeView[]][] {
  const of = (kind: string) => nodes.filter((node) => node.stamp === stamp && node.kind === kind);
  return [
    ['user flows', of('user-flow')],
    ['system flows', of('system-flow')],
    ['components', of('component')],
  ];
}

function card(className: string, rows: readonly (readonly [string, readonly NodeView[]])[]): HTMLElement {
  const chips = rows
    .filter(([, of]) => of.length > 0)
    .map(([title, of]) =>
      h('div', { class: 'chips' }, ...(title === '' ? [] : [h('span', { class: 'muted' }, title)]), ...of.map(chip)),
    );
  return h('div', { class: `card ${className}` }, ...chips);
}

function chip({ number, kind, title }: NodeView): HTMLElement {
  const name = kind === 'region' || kind === 'stamp' ? `${kind} ${title}` : title;
  const button = h('button', { id: `node-${number}`, type: 'button', 'aria-expanded': 'false', tabindex: '-1' });
  button.append(h('span', { class: 'sign', 'aria-hidden': 'true' }), ` ${name} `, h('span', { class: 'word' }));
  button.addEventListener('click', () => (shown === number ? close() : open(number)));
  button.addEventListener('focus', () => {
    for (const other of byId('graph').querySelectorAll<HTMLElement>('button.node[tabindex="0"]')) other.tabIndex = -1;
    button.tabIndex = 0;
  });
  return button;
}

function paint({ number, state }: NodeView): void {
  const button = chipOf(number);
  const [sign, word] = [button?.querySelector('.sign'), button?.querySelector('.word')];
  if (!button || !sign || !word) return;
  button.className = `node ${words[state].tone}${button.classList.contains('related') ? ' related' : ''}`;
  sign.textContent = words[state].symbol;
  word.textContent = state;
}

const steps: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function onKey(event: KeyboardEvent): void {
  const chips = [...byId('graph').querySelectorAll<HTMLElement>('.chips>button.node[id]')];
  const at = chips.indexOf(document.activeElement as HTMLElement);
  const to = event.key === 'Home' ? 0 : event.key === 'End' ? chips.length - 1 : at + (steps[event.key] ?? 0);
  if (event.key === 'Escape' && shown !== undefined) {
    const number = shown;
    close();
    chipOf(number)?.focus();
  } else if (at >= 0 && to !== at) {
    event.preventDefault();
    chips[Math.min(chips.length - 1, Math.max(0, to))]?.focus();
  }
}

function close(): void {
  if (shown === undefined) return;
  chipOf(shown)?.setAttribute('aria-expanded', 'false');
  shown = undefined;
  const detail = document.getElementById('detail');
  detail?.closest('.card')?.classList.remove('opened');
  detail?.remove();
  for (const each of byId('graph').querySelectorAll('.related')) each.classList.remove('related');
  history.replaceState(null, '', location.pathname);
}

function open(number: number): void {
  close();
  const chip = chipOf(number);
  const node = nodes[number];
  if (!chip || !node) return;
  shown = number;
  chip.setAttribute('aria-expanded', 'true');
  chip.setAttribute('aria-controls', 'detail');
  const detail = h('div', { id: 'detail', class: 'detail', role: 'region', 'aria-label': `Why: ${node.title}` });
  chip.closest('.card')?.classList.add('opened');
  chip.closest('.chips')?.after(detail);
  for (const each of [...above(number), ...below(number)]) chipOf(each)?.classList.add('related');
  history.replaceState(null, '', `#${encodeURIComponent(node.id)}`);
  drawDetail();
}

/** All that a node rests on. */
function below(number: number): number[] {
  const children = nodes[number]?.children ?? [];
  return [...new Set(children.flatMap((child) => [child, ...below(child)]))];
}

/** All that rests on it, nearest first. */
function above(number: number): number[] {
  const parents = nodes.filter(({ children }) => children.includes(number)).map((parent) => parent.number);
  return [...new Set([...parents, ...parents.flatMap(above)])];
}

function drawDetail(): void {
  const node = shown === undefined ? undefined : nodes[shown];
  const host = document.getElementById('detail');
  if (!node || !host) return;
  const around = [node, ...[...node.children, ...above(node.number)].flatMap((each) => nodes[each] ?? [])];
  redraw(host, around, () => detailOf(node));
}

function detailOf(node: NodeView): HTMLElement[] {
  const { id, title, place, state, score, sinceMs, because, signals, children, number } = node;
  const where = place === '' || place === title ? '' : ` in ${place}`;
  const since = sinceMs === 0 ? '' : ` since ${clock(sinceMs)} UTC, ${duration(Date.now() - sinceMs)}`;
  // Of an unknown node it speaks of some parts alone.
  const points = score === null ? 'no score' : `score ${score} of 100${state === 'unknown' ? ' by what is known' : ''}`;
  const rows = signals.map((signal) => [
    signal.title,
    h('td', { class: words[signal.state].tone }, stateWord(signal.state)),
    signal.value === null ? 'nothing' : String(signal.value),
    boundsOf(signal.signal),
    signal.value === null ? '' : clock(signal.sinceMs),
    signal.scope || 'the store',
  ]);
  return [
    h('h3', { class: words[state].tone }, `${stateWord(state)}: ${title}${where}`),
    h('p', {}, `${points}${since}. `, h('span', { class: 'muted' }, id)),
    ...(because.length > 0 ? [h('p', {}, 'Because:'), h('ul', {}, ...because.map((text) => h('li', {}, text)))] : []),
    ...(rows.length > 0 ? [table(['signal', 'state', 'seen', 'bounds', 'since', 'of'], rows, `Signals of ${title}`)] : []),
    ...links('Rests on', children),
    ...links('Matters to', above(number)),
  ];
}

/** Lights that lead to other nodes. */
export function links(title: string, numbers: readonly number[]): HTMLElement[] {
  const buttons = numbers.flatMap((number) => {
    const node = nodes[number];
    if (!node) return [];
    const { state, title: name, place } = node;
    const text = `${words[state].symbol} ${name}${place === '' || place === name ? '' : ` in ${place}`} ${state}`;
    const button = h('button', { type: 'button', class: `node ${words[state].tone}` }, text);
    button.addEventListener('click', () => go(number));
    return [button];
  });
  return buttons.length === 0 ? [] : [h('div', { class: 'chips' }, h('span', { class: 'muted' }, title), ...buttons)];
}
