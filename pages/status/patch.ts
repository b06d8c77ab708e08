type Json = null | string | number | boolean | readonly Json[] | { readonly [key: string]: Json | undefined };

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** JSON merge patch, https://www.rfc-editor.org/rfc/rfc7396: lists are replaced whole, null takes a member away. undefined: the same. */
export function patchOf(before: unknown, after: unknown): Json | undefined {
  if (before === after) return undefined;
  if (!isObject(before) || !isObject(after))
    return JSON.stringify(before) === JSON.stringify(after) ? undefined : (after as Json);
  const changed: [string, Json][] = [];
  for (const [key, value] of Object.entries(after)) {
    if (value === undefined) continue;
    const patch = patchOf(before[key], value);
    if (patch !== undefined) changed.push([key, patch]);
  }
  for (const key of Object.keys(before)) if (before[key] !== undefined && after[key] === undefined) changed.push([key, null]);
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}

export function applyPatch(before: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const after = new Map(Object.entries(isObject(before) ? before : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) after.delete(key);
    else after.set(key, applyPatch(after.get(key), value));
  }
  return Object.fromEntries(after);
}
