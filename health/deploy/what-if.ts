/** Azure couldn't tell what would change: that is no "nothing". */
export class WhatIfError extends Error {
  override readonly name = 'WhatIfError';
}

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const signs: Readonly<Record<string, string>> = {
  Create: '+',
  Modify: '~',
  Delete: '-',
  NoChange: '=',
  Ignore: ' ',
  Deploy: '!',
};

/**
 * The answer of a what-if as lines: `+ create …`, `~ modify …` and below it the paths of what differs. Values are left out: some
 * are secret.
 * @throws WhatIfError
 */
export function changeLines(answer: unknown): string[] {
  const { status, error, properties, changes = fieldsOf(properties).changes } = fieldsOf(answer);
  if (status !== 'Succeeded' || !Array.isArray(changes)) {
    const { code, message } = fieldsOf(error);
    throw new WhatIfError(`What would change isn't known: ${[status, code, message].filter(Boolean).join(': ') || 'no answer'}`);
  }
  const told = listOf(changes)
    .map(fieldsOf)
    .filter(({ changeType }) => changeType !== 'Ignore');
  if (told.length === 0) return ['  nothing'];
  return told.flatMap(({ changeType, resourceId, delta }) => {
    const kind = String(changeType);
    const head = `  ${signs[kind] ?? '?'} ${kind.toLowerCase()} ${String(resourceId).split('/providers/').at(-1)}`;
    return [head, ...pathsOf(delta, '').map((path) => `      ${path}`)];
  });
}

/** `properties.severity: modify`; of what lies within, the innermost. */
function pathsOf(delta: unknown, above: string): string[] {
  return listOf(delta).flatMap((each) => {
    const { path, propertyChangeType, children } = fieldsOf(each);
    const place = [above, String(path)].filter(Boolean).join('.');
    const within = pathsOf(children, place);
    return within.length > 0 ? within : [`${place}: ${String(propertyChangeType).toLowerCase()}`];
  });
}
