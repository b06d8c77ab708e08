/** Runs in the browser: draws the state that the page carries, and then what the server's events change of it. */
import { words } from '../../words.ts';
import { applyPatch } from '../patch.ts';
import { isStale, type StatusState } from '../state.ts';
import { byId, redraw } from './dom.ts';
import { drawGraph, openFromAddress } from './graph.ts';
import { drawLatency } from './latency.ts';
import { drawBudgets, drawNow, drawPast } from './lists.ts';
import { drawMatrix } from './matrix.ts';
import { clock, duration, nodesOf } from './view.ts';

interface Patch {
  readonly from: string;
  readonly to: string;
  readonly patch: unknown;
}

const embedded = byId('state');
let state = JSON.parse(embedded.textContent ?? '') as StatusState;
let version = embedded.dataset.version ?? '';
let isConnected = false;
let retryMs = 1_000;

function draw(): void {
  drawHead();
  drawNow(state);
  drawGraph(state);
  drawMatrix(state);
  drawBudgets(state);
  drawPast(state);
}

/** The state of the store; what is old says nothing of now, and is never shown as well. */
function drawHead(): void {
  const { shape, atMs } = state;
  const store = nodesOf(state).at(-1);
  const isOld = isStale(state, Date.now());
  const word = store?.state ?? 'unknown';
  const headline = byId('headline');
  headline.className = words[word].tone;
  headline.textContent = `${words[word].symbol} ${shape.environment} ${word}`;
  document.title = headline.textContent;
  document.body.classList.toggle('old', isOld);
  const because = store?.because ?? [];
  const lead =
    because.length > 0
      ? because.join('; ')
      : `from ${shape.location}${store?.sinceMs ? `, so since ${clock(store.sinceMs)} UTC` : ''}`;
  redraw(byId('lead'), lead, () => [lead]);
  const judged = atMs === 0 ? 'nothing has been judged yet' : `judged at ${clock(atMs)} UTC`;
  const late = atMs === 0 ? judged : `the last known picture is of ${clock(atMs)} UTC, ${duration(Date.now() - atMs)} ago`;
  const said = isConnected ? (isOld ? late : `Live, ${judged}`) : `Not connected, trying again; ${isOld ? late : judged}`;
  redraw(byId('live'), said, () => [isConnected && !isOld ? said : `? ${said}`]);
  byId('live').classList.toggle('late', !isConnected || isOld);
}

function show(next: StatusState, nextVersion: string): void {
  state = next;
  version = nextVersion;
  draw();
  drawLatency(state);
}

/** All of it, after changes were missed. */
async function fetchAll(): Promise<void> {
  const answer = await fetch('/state');
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const all = (await answer.json()) as { version: string; state: StatusState };
  show(all.state, all.version);
}

/** Changes that were sent while all of it was on its way are in it, or come again with the next look. */
function catchUp(events: EventSource): void {
  fetchAll().catch(() => {
    events.close();
    lost(events);
  });
}

function lost(events: EventSource): void {
  isConnected = false;
  drawHead();
  // A browser tries again by itself after a lost connection, but not after an answer other than 200.
  if (events.readyState !== EventSource.CLOSED) return;
  setTimeout(connect, retryMs);
  retryMs = Math.min(30_000, retryMs * 2);
}

function connect(): void {
  const events = new EventSource('/events');
  events.addEventListener('version', ({ data }: MessageEvent<string>) => {
    isConnected = true;
    retryMs = 1_000;
    if (JSON.parse(data) === version) drawHead();
    else catchUp(events);
  });
  events.addEventListener('patch', ({ data }: MessageEvent<string>) => {
    const { from, to, patch } = JSON.parse(data) as Patch;
    if (from === version) show(applyPatch(state, patch) as StatusState, to);
    else if (to !== version) catchUp(events);
  });
  events.addEventListener('full', () => {
    events.close();
    lost(events);
  });
  events.addEventListener('error', () => lost(events));
}

draw();
performance.mark('drawn');
requestAnimationFrame(() => setTimeout(() => drawLatency(state)));
connect();
setInterval(() => {
  drawHead();
  drawNow(state);
  drawGraph(state);
  drawMatrix(state);
  drawBudgets(state);
}, 10_000);
addEventListener('hashchange', openFromAddress);
