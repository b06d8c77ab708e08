import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { environmentJsonSchema, type Field, fieldsOf } from '../fixtures/environments/json-schema.ts';
import { parseEnvironment } from '../fixtures/environments/load.ts';
import { azureFiles } from '../health/deploy/generate.ts';
import { verdictSchemaText } from '../load/verdict/json-schema.ts';

const root = join(__dirname, '..');
const noSubscription = '00000000-0000-0000-0000-000000000000';

/** A file, or a part of one, that is written from another source. */
interface Generated {
  readonly file: string;
  /** The whole file as it should be, from what it is now. */
  readonly text: (now: string) => string;
}

/** The JSON Schema as its file should hold it. */
export function schemaText(): string {
  return `${JSON.stringify(environmentJsonSchema(), null, 2)}\n`;
}

const begin = '<!-- fields: written by npm run check -- --fix -->';

/** The document with its part behind the marker made anew from the schema. */
export function documentText(now: string): string {
  const at = now.indexOf(begin);
  return `${at < 0 ? `${now.trimEnd()}\n\n` : now.slice(0, at)}${begin}\n\n${fieldTables(fieldsOf(environmentJsonSchema()))}\n`;
}

/** A heading and a table for each field of the first level that has fields of its own, and one table for the others. */
export function fieldTables(fields: readonly Field[]): string {
  const top = (path: string) => /^[^.[]+/.exec(path)?.[0] ?? path;
  const parents = new Set(fields.filter(({ path }) => top(path) !== path).map(({ path }) => top(path)));
  const sections = [...parents].map((name) => `### \`${name}\`\n\n${table(fields.filter(({ path }) => top(path) === name))}`);
  return [`### The environment itself\n\n${table(fields.filter(({ path }) => !parents.has(top(path))))}`, ...sections].join(
    '\n\n',
  );
}

/** A long default stands in the schema; here it would be the whole table's width. */
const longestDefault = 40;

function table(fields: readonly Field[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const fallbackOf = ({ fallback }: Field) =>
    fallback === 'required' || fallback === 'none'
      ? fallback
      : fallback.length > longestDefault
        ? 'see the schema'
        : `\`${fallback}\``;
  const rows = fields.map(
    (field) => `| \`${field.path}\` | ${cell(field.description)} | ${cell(field.values)} | ${cell(fallbackOf(field))} |`,
  );
  return ['| field | meaning | values | default |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** What Azure gets of the health model, for the environment that everybody has; variables stand for themselves. */
function azureExample(): Generated[] {
  const text = readFileSync(join(root, 'fixtures', 'environments', 'production.example.json'), 'utf8');
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
  const variables = { ...Object.fromEntries(names.map((name) => [name, name])), AZURE_SUBSCRIPTION_ID: noSubscription };
  const files = azureFiles(parseEnvironment(text, 'production.example.json', variables));
  return Object.entries(files).map(([path, content]) => ({
    file: join(root, 'deploy', 'azure', 'production', path),
    text: () => content,
  }));
}

/** What is written from another source: schemas, docs, and the health model as Azure has it. */
export const generated: readonly Generated[] = [
  { file: join(root, 'fixtures', 'environments', 'environment.schema.json'), text: schemaText },
  { file: join(root, 'docs', 'environments.md'), text: documentText },
  { file: join(root, 'load', 'verdict', 'verdict.schema.json'), text: verdictSchemaText },
  ...azureExample(),
];

/** What differs from its source, a line each; mended first where asked. */
export function drift(fix: boolean, files: readonly Generated[] = generated): string {
  const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  for (const { file, text } of fix ? files : []) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text(read(file)));
  }
  const differing = files.filter(({ file, text }) => read(file) !== text(read(file)));
  return differing.map(({ file }) => `${file} differs from its source: run npm run check -- --fix`).join('\n');
}
