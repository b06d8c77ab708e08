import { words } from '../../words.ts';
import { type IncidentView, isStale, type StatusState } from '../state.ts';
import { bodyOf, h, redraw, table } from './dom.ts';
import { links } from './graph.ts';
import { clock, duration, reasonsOf, signalsOf, stateWord } from './view.ts';

/** What is wrong, what is known of it, what is under way and what is ahead. */
export function drawNow(state: StatusState): void {
  const { roots, warnings, incidents, moreOpen, silences, underWay, delivery, shape, health } = state;
  const minute = Math.floor(Date.now() / 60_000);
  const isOld = isStale(state, Date.now());
  const isJudged = health !== undefined && !isOld;
  const { historyRead } = state;
  const shown = [roots, warnings, incidents, moreOpen, silences, underWay, delivery, shape, health, minute, isOld, historyRead];
  redraw(bodyOf('now'), shown, () => [
    h(
      'div',
      { class: 'cards' },
      card('Root causes', 'roots', rootItems(state), isJudged ? 'none' : unknownOf(state)),
      card('Open incidents', 'open', openItems(state), isOld ? unknownOf(state) : 'none'),
      card(
        'Warnings ahead',
        'warnings',
        state.warnings.map(({ text, expectedMs }) => h('li', {}, `! ${text}`, muted(`expected ${clock(expectedMs)} UTC`))),
        isJudged ? 'none' : unknownOf(state),
      ),
      card(
        'Under way',
        'under-way',
        state.underWay.map(({ kind, why, targets, fromMs, untilMs }) =>
          h(
            'li',
            {},
            `${kind}: ${why}`,
            muted(`${targets.join(', ') || 'everywhere'}, ${clock(fromMs)} to ${clock(untilMs)} UTC at the latest`),
          ),
        ),
        'no load test, no experiment',
      ),
      card(
        'Silences',
        'silences',
        state.silences.map(({ subject, why, untilMs }) =>
          h('li', {}, `${subject}: ${why}`, muted(`until ${clock(untilMs)} UTC`)),
        ),
        historyRead ? 'none' : unread,
      ),
      card('Undelivered', 'delivery', deliveryItems(state), ''),
    ),
  ]);
}

const unread = `${stateWord('unknown')}: the history of incidents can't be read`;

/** Nothing on a list is no good news where nobody has looked. */
const unknownOf = (state: StatusState) => {
  const isOld = state.atMs > 0 && isStale(state, Date.now());
  return `${stateWord('unknown')}: ${isOld ? `nothing was judged since ${clock(state.atMs)} UTC` : 'not evaluated yet'}`;
};

const muted = (text: string) => h('span', { class: 'muted' }, ` (${text})`);

function card(title: string, id: string, items: readonly HTMLElement[], none: string): HTMLElement {
  return h(
    'div',
    { class: 'card', id },
    h('h3', {}, title),
    ...(items.length > 0 ? [h('ul', {}, ...items)] : [h('p', {}, none)]),
  );
}

function rootItems({ roots, shape, health }: StatusState): HTMLElement[] {
  const signals = signalsOf(shape, health);
  return roots.map(({ cause, place, state, sinceMs, because, nodes, chain }) =>
    h(
      'li',
      {},
      h('strong', { class: words[state].tone }, `${stateWord(state)}: ${cause} in ${place}`),
      ` since ${clock(sinceMs)} UTC, ${duration(Date.now() - sinceMs)}`,
      ...reasonsOf(because, signals).map((text) => h('div', {}, text)),
      ...links('at', nodes.slice(0, 5)),
      ...links('and through it', chain.slice(0, 12)),
    ),
  );
}

const isOpen = ({ resolvedAtMs }: IncidentView) => resolvedAtMs === undefined;

function openItems({ incidents, moreOpen }: StatusState): HTMLElement[] {
  const open = Object.values(incidents).filter(isOpen).sort(byLatest).map(incidentItem);
  return moreOpen > 0 ? [...open, h('li', {}, `and ${moreOpen} more: npm run status`)] : open;
}

const byLatest = (a: IncidentView, b: IncidentView) => b.startedAtMs - a.startedAtMs;

function incidentItem({ title, urgency, startedAtMs, resolvedAtMs, failures, budgetPercent, notes }: IncidentView): HTMLElement {
  const word = resolvedAtMs === undefined ? (urgency === 'page' ? 'unhealthy' : 'degraded') : 'healthy';
  const lasted = duration((resolvedAtMs ?? Date.now()) - startedAtMs);
  const when =
    resolvedAtMs === undefined ? `open for ${lasted}` : `${clock(startedAtMs)} to ${clock(resolvedAtMs)} UTC, ${lasted}`;
  const share = budgetPercent === undefined ? '' : `, ${budgetPercent} % of the error budget`;
  const spent = `${failures} failed result${failures === 1 ? '' : 's'}${share}`;
  const head = resolvedAtMs === undefined ? `${words[word].symbol} ${urgency}: ` : `${words[word].symbol} over: `;
  return h('li', {}, h('strong', { class: words[word].tone }, head), title, muted([when, spent, ...notes].join('; ')));
}

function deliveryItems({ delivery, historyRead }: StatusState): HTMLElement[] {
  const { waiting, parked, lost, alertsWaiting, alertsGivenUp, onDisk } = delivery;
  const line = (count: number, text: string, word: 'degraded' | 'unhealthy') =>
    h('li', { class: count === 0 ? '' : words[word].tone }, `${words[count === 0 ? 'healthy' : word].symbol} ${text}: ${count}`);
  return [
    line(waiting, 'waiting for Application Insights', 'degraded'),
    line(parked, 'refused by it or unreadable', 'unhealthy'),
    line(lost, 'lost for good', 'unhealthy'),
    ...(historyRead
      ? [line(alertsWaiting, 'alerts waiting', 'degraded'), line(alertsGivenUp, 'alerts given up', 'unhealthy')]
      : [h('li', { class: 'unsure' }, `${unread}, with the alerts that wait`)]),
    ...(onDisk ? [] : [h('li', { class: 'bad' }, `${words.unhealthy.symbol} the disk takes nothing: results wait in memory`)]),
  ];
}

export function drawPast({ incidents, historyRead }: StatusState): void {
  const past = Object.values(incidents)
    .filter((incident) => !isOpen(incident))
    .sort(byLatest);
  redraw(bodyOf('past'), [past, historyRead], () => [
    past.length === 0 ? h('p', {}, historyRead ? 'none in the last week' : unread) : h('ul', {}, ...past.map(incidentItem)),
  ]);
}

const rowsShown = 10;

/** The most spent first; all the others on demand. */
export function drawBudgets(state: StatusState): void {
  const { shape, budgets } = state;
  const isOld = isStale(state, Date.now());
  redraw(bodyOf('budgets'), [shape.budgets, budgets, isOld], () => {
    const hours = shape.budgetHours.length;
    // Windows that ended when it was judged last say nothing of those that end now.
    const known = <T>(value: T) => (isOld ? null : value);
    const rows = shape.budgets.map(([journey, place, kind, objective], number) => ({
      what: `${journey} ${kind}`,
      place,
      objective,
      left: budgets.left.slice(number * hours, (number + 1) * hours).map(known),
      burn: known(budgets.burn[number] ?? null),
      isTooFast: known(budgets.tooFast[number]) === '1',
    }));
    const least = (left: readonly (number | null)[]) => Math.min(...left.map((share) => share ?? 1));
    const sorted = rows.sort((a, b) => Number(b.isTooFast) - Number(a.isTooFast) || least(a.left) - least(b.left));
    const head = ['budget', 'place', 'objective', ...shape.budgetHours.map((each) => `left of ${hoursOf(each)}`), 'burn rate'];
    const tableOf = (of: typeof sorted) =>
      table(
        head,
        of.map((row) => [row.what, row.place, `${row.objective} %`, ...row.left.map(shareCell), burnCell(row)]),
        'Error budgets',
      );
    if (sorted.length === 0) return [h('p', {}, `${stateWord('unknown')}: no results yet`)];
    const more = sorted.slice(rowsShown);
    return [
      tableOf(sorted.slice(0, rowsShown)),
      ...(more.length === 0 ? [] : [later(`${more.length} with more left`, () => tableOf(more))]),
    ];
  });
}

const hoursOf = (hours: number) => (hours % 24 === 0 ? `${hours / 24} d` : `${hours} h`);

/** Half of a budget spent is worth a look; all of it is a promise broken. */
function shareCell(share: number | null): HTMLElement {
  const word = share === null ? 'unknown' : share <= 0 ? 'unhealthy' : share < 0.5 ? 'degraded' : 'healthy';
  const text = share === null ? 'unknown' : `${Math.round(share * 1_000) / 10} %`;
  return h('td', { class: words[word].tone }, `${words[word].symbol} ${text}`);
}

function burnCell({ burn, isTooFast }: { readonly burn: number | null; readonly isTooFast: boolean }): HTMLElement {
  const word = burn === null ? 'unknown' : isTooFast ? 'unhealthy' : 'healthy';
  const text = burn === null ? 'unknown' : `${burn} ×${isTooFast ? ' too fast' : ''}`;
  return h('td', { class: words[word].tone }, `${words[word].symbol} ${text}`);
}

/** Drawn when it is opened: hundreds of rows cost time that the first sight doesn't have. */
function later(title: string, draw: () => HTMLElement): HTMLElement {
  const details = h('details', {}, h('summary', {}, title));
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) details.append(draw());
  });
  return details;
}
