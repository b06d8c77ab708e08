const reference = /\{\{\s*([^{}]*?)\s*\}\}/g;
const alone = /^\{\{\s*([^{}]*?)\s*\}\}$/;

/**
 * Fills `{{path}}` in the texts of a JSON value. It works on values, never on JSON text, so nothing in an alert can break out
 * of its place; a text that is one reference alone takes the value with its type. Filled-in text is not looked at again.
 */
export function fill(template: unknown, values: object): unknown {
  if (Array.isArray(template)) return template.map((entry) => fill(entry, values));
  if (typeof template === 'object' && template !== null)
    return Object.fromEntries(Object.entries(template).map(([key, entry]) => [key, fill(entry, values)]));
  if (typeof template !== 'string') return template;
  const path = alone.exec(template)?.[1];
  if (path !== undefined) return valueAt(values, path) ?? null;
  return template.replace(reference, (_, inner: string) => textOf(valueAt(values, inner)));
}

function valueAt(values: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => {
    const holds = typeof at === 'object' && at !== null && Object.hasOwn(at, key);
    return holds ? (at as Readonly<Record<string, unknown>>)[key] : undefined;
  }, values);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
