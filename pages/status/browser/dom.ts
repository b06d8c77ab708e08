type Child = Node | string;

/** An element; what is given as text stays text, whatever it looks like. Classes and attributes alone: no style, no handler. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function svg(tag: string, attributes: Readonly<Record<string, string>>, ...children: readonly Child[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const byId = (id: string): HTMLElement => {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
};

export const bodyOf = (section: string): HTMLElement => byId(section).querySelector<HTMLElement>('.body') ?? byId(section);

const drawn = new WeakMap<Element, string>();

/** Draws a part anew only when what it is drawn from has changed, so that reading, scrolling and selecting aren't disturbed. */
export function redraw(host: Element, from: unknown, draw: () => readonly Child[]): void {
  const key = JSON.stringify(from);
  if (drawn.get(host) === key) return;
  drawn.set(host, key);
  host.replaceChildren(...draw());
}

export const table = (head: readonly string[], rows: readonly (readonly Child[])[], caption: string): HTMLElement =>
  h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...head.map((text) => h('th', { scope: 'col' }, text)))),
      h(
        'tbody',
        {},
        ...rows.map((cells) =>
          h('tr', {}, ...cells.map((cell) => (cell instanceof HTMLTableCellElement ? cell : h('td', {}, cell)))),
        ),
      ),
    ),
  );
