import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { environmentJsonSchema, fieldsOf } from '../../fixtures/environments/json-schema.ts';
import { environmentSchema } from '../../fixtures/environments/schema.ts';
import { undecided } from '../../scripts/decided.ts';
import { documentText, drift, fieldTables, schemaText } from '../../scripts/generated.ts';

const root = join(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'generated-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the docs of environments', () => {
  const document = readFileSync(join(root, 'docs/environments.md'), 'utf8');

  it.each(Object.keys(environmentSchema.shape))('has the field %s', (name) => {
    expect(document).toMatch(new RegExp(`^\\| \`${name.replace('$', '\\$')}\` \\| \\S.* \\| \\S.* \\| \\S.* \\|$`, 'm'));
  });

  it('has every field within, once for each kind', () => {
    const rows = document.split('\n').filter((line) => line.startsWith('| `'));
    for (const { path } of fieldsOf(environmentJsonSchema()))
      expect(rows.filter((row) => row.startsWith(`| \`${path}\` |`))).not.toEqual([]);
  });

  it('keep what is written by hand', () => {
    const mended = documentText('# By hand\n\n<!-- fields: written by npm run check -- --fix -->\nOUTDATED');
    expect(mended.startsWith('# By hand\n\n<!-- fields')).toBe(true);
    expect(mended).not.toContain('OUTDATED');
    expect(documentText(mended)).toBe(mended);
  });
});

describe('drift', () => {
  it.each([
    ['a JSON Schema without a field', schemaText, (text: string) => text.replace('"production"', '"prod"')],
    [
      'a JSON Schema with an old description',
      schemaText,
      (text: string) => text.replace('"description": "', '"description": "Once: '),
    ],
    ['a file without its end', schemaText, (text: string) => text.trimEnd()],
    ['an empty file', schemaText, () => ''],
    ['docs without a row', documentText, (text: string) => text.replace(/\| `production`.*\n/, '')],
    ['docs with another default', documentText, (text: string) => text.replace('| `"active"` |', '| `"standby"` |')],
  ])('is caught and mended: %s', (_, text, broken) => {
    const file = join(folder, 'generated');
    const whole = text('# By hand\n');
    writeFileSync(file, broken(whole));
    expect(drift(false, [{ file, text }])).toContain('differs from its source: run npm run check -- --fix');
    expect(drift(true, [{ file, text }])).toBe('');
    expect(readFileSync(file, 'utf8')).toBe(whole);
  });

  it('is caught where the file is gone', () => {
    expect(drift(false, [{ file: join(folder, 'nowhere'), text: schemaText }])).toContain('nowhere differs');
  });

  it('is none in the tree', () => expect(drift(false)).toBe(''));
});

describe('fields of a schema', () => {
  const values = (schema: z.ZodType) => fieldsOf(z.toJSONSchema(z.strictObject({ it: schema }), { io: 'input' }))[0];
  it.each([
    ['text', z.string(), 'text', 'required'],
    ['a switch with a default', z.boolean().default(false), 'true or false', 'false'],
    ['a number above a bound', z.number().positive(), 'number, above 0', 'required'],
    ['a number in a range', z.number().min(0).max(100), 'number, from 0 to 100', 'required'],
    ['a whole number', z.number().int(), 'whole number', 'required'],
    ['a whole number with a least', z.number().int().min(1), 'whole number, from 1', 'required'],
    ['words', z.enum(['stub', 'live']), 'stub, live', 'required'],
    ['a list', z.array(z.string()).default([]), 'list of: text', '[]'],
    ['a list of objects', z.array(z.strictObject({ a: z.string() })), 'list', 'required'],
    ['a map', z.record(z.string(), z.number().max(5)), 'map of: number, to 5', 'required'],
    ['what may be left out', z.string().optional(), 'text', 'none'],
    [
      'one of two kinds',
      z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('a') }), z.strictObject({ kind: z.literal('b') })]),
      'one of the kinds below',
      'required',
    ],
  ])('say what may stand there: %s', (_, schema, allowed, fallback) => {
    expect(values(schema)).toMatchObject({ path: 'it', values: allowed, fallback });
  });

  it('are found in lists, maps and kinds', () => {
    const inner = z.strictObject({ a: z.string() });
    const schema = z.strictObject({
      list: z.array(inner),
      map: z.record(z.string(), inner),
      kind: z.union([inner, z.strictObject({ b: z.string() })]),
    });
    expect(fieldsOf(z.toJSONSchema(schema)).map(({ path }) => path)).toEqual([
      'list',
      'list[].a',
      'map',
      'map.*.a',
      'kind',
      'kind.a',
      'kind.b',
    ]);
  });

  it('keep a table whole: bars and long defaults', () => {
    const long = JSON.stringify(Array.from({ length: 30 }, (_, i) => i));
    const text = fieldTables([{ path: 'a', description: 'b | c', values: 'text', fallback: long }]);
    expect(text.split('\n').at(-1)).toBe('| `a` | b \\| c | text | see the schema |');
  });
});

describe('decisions on dependencies', () => {
  const manifest = JSON.stringify({
    dependencies: { zod: '1' },
    devDependencies: { vitest: '1' },
    optionalDependencies: { 'node-a': '1', 'node-b': '1' },
  });
  const rows = (...names: string[]) =>
    ['| package | for |', '| --- | --- |', ...names.map((name) => `| ${name} | something, not \`undici\` |`)].join('\n');
  it.each([
    ['all decided', rows('`zod`', '`vitest`', '`node-a`, `node-b`'), ''],
    ['one missing', rows('`zod`', '`node-a`, `node-b`'), 'docs/decisions/dependencies.md has no row for vitest'],
    ['an optional one missing', rows('`zod`', '`vitest`', '`node-a`'), 'docs/decisions/dependencies.md has no row for node-b'],
    [
      'one too many',
      rows('`zod`', '`vitest`', '`node-a`, `node-b`', '`chalk`'),
      'docs/decisions/dependencies.md has a row for chalk, which is no dependency',
    ],
  ])('are complete: %s', (_, decisions, wrong) => expect(undecided(root, manifest, decisions)).toBe(wrong));
});
