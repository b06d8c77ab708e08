import type { z } from 'zod';

type Read<T> = { readonly value: T } | { readonly fault: string };

/** What a row holds by today's schema, or why it can't be read: the file outlives the code that wrote it. */
export function readBody<T>(schema: z.ZodType<T>, body: string): Read<T> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    return { fault: (error as Error).message.slice(0, 200) };
  }
  const { data, error } = schema.safeParse(json);
  if (!error) return { value: data };
  const [issue] = error.issues;
  return { fault: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}`.slice(0, 200) };
}

/** Rows that can be read, one by one; at the end says how many could not: what is missing must not look like quiet. */
export function* readable<T>(
  schema: z.ZodType<T>,
  rows: Iterable<Readonly<Record<string, unknown>>>,
  say: (message: string) => void,
): Generator<T> {
  let unreadable = 0;
  let first = '';
  try {
    for (const { body } of rows) {
      const read = readBody(schema, String(body));
      if ('value' in read) yield read.value;
      else {
        unreadable += 1;
        first ||= read.fault;
      }
    }
  } finally {
    if (unreadable > 0) say(`results that this version can't read are left out: ${unreadable} (${first})`);
  }
}
