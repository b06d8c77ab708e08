import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import ts from 'typescript';

interface ImportRule {
  /** Folder or file, from the root. A file belongs to the longest that it is in. */
  readonly of: string;
  /**
   * Our own folders and files (from the root, `.ts` left out), npm packages (`@azure/*` for a whole scope), `node:*`. A
   * folder may always import itself. `type X`: only by `import type`.
   */
  readonly may: readonly string[];
}

const sdk = ['@azure/*', '@opentelemetry/*'];

/** Which folder may import what, by the arrows of docs/architecture.md. What isn't named here may import all. */
export const importRules: readonly ImportRule[] = [
  { of: 'fixtures/environments', may: ['node:*', 'dotenv', 'jsonc-parser', 'zod'] },
  { of: 'fixtures/data', may: [] },
  {
    of: 'fixtures/contoso',
    may: [
      'fixtures/data',
      'fixtures/environments/dependencies',
      'node:*',
      '@azure/*',
      '@peculiar/x509',
      '@zeit/cosmosdb-query',
      'fastify',
      'jose',
      'reflect-metadata',
      'undici',
      'zod',
    ],
  },
  { of: 'synthetics', may: ['fixtures/environments', 'telemetry', 'node:*', '@playwright/test', 'undici', 'zod'] },
  // They run in Playwright, in Node and in k6, so they can't have anything that one of the three lacks.
  { of: 'synthetics/journeys', may: [] },
  // Every stage reads the one record, k6's and the browser's too.
  { of: 'synthetics/result', may: ['zod', 'type synthetics/journeys'] },
  {
    of: 'synthetics/monitor',
    may: ['fixtures/environments', 'synthetics', 'telemetry', 'node:*', 'prom-client', 'undici', 'zod'],
  },
  { of: 'load', may: ['fixtures/environments', 'health/thresholds', 'synthetics/journeys', 'node:*', 'hdr-histogram-js', 'zod'] },
  // Inside k6: of the environment only what needs nothing of Node.
  ...['load/k6', 'load/scenarios'].map((of) => ({
    of,
    may: [
      'load/k6',
      'synthetics/journeys',
      'fixtures/data/random',
      'fixtures/environments/targets',
      'fixtures/environments/errors',
      'fixtures/environments/response-ms',
      'type fixtures/environments/schema',
      'k6',
    ],
  })),
  {
    of: 'telemetry',
    may: [
      'fixtures/environments/errors',
      'fixtures/environments/variables',
      'synthetics/result',
      'node:*',
      'applicationinsights',
      ...sdk,
      'undici',
      'zod',
    ],
  },
  { of: 'health', may: ['fixtures/environments', 'synthetics/result', 'type telemetry', 'node:*', 'undici', 'zod'] },
  { of: 'health/deploy', may: ['health', 'fixtures/environments', 'synthetics/result', 'type @azure/*', 'node:*'] },
  {
    of: 'pages',
    may: [
      'synthetics/result',
      'load/verdict',
      'health',
      'node:*',
      'cli-table3',
      'esbuild',
      'fastify',
      'junit-report-builder',
      'picocolors',
      'uplot',
      'zod',
    ],
  },
];

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Every import, re-export, `import()`, `import('…')` type and `require()` of a TypeScript text. */
export function importsOf(text: string): Import[] {
  const source = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const imported = importedBy(node);
    if (imported) {
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      found.push({ ...imported, line });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function importedBy(node: ts.Node): Omit<Import, 'line'> | undefined {
  const of = (specifier: ts.Node | undefined, typeOnly: boolean) =>
    specifier && ts.isStringLiteralLike(specifier) ? { specifier: specifier.text, typeOnly } : undefined;
  if (ts.isImportDeclaration(node)) return of(node.moduleSpecifier, isTypeOnly(node.importClause));
  if (ts.isExportDeclaration(node)) return of(node.moduleSpecifier, node.isTypeOnly);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return of(node.argument.literal, true);
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  const loads = expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === 'require');
  return loads ? of(node.arguments[0], false) : undefined;
}

/** `import type { A }` and `import { type A }` both leave nothing behind. */
function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  return !clause.name && !!names && ts.isNamedImports(names) && names.elements.every((element) => element.isTypeOnly);
}

/** What of a file's imports the table doesn't allow, a line each: `file:line imports …; … may import …`. */
export function forbiddenImports(file: string, text: string, rules: readonly ImportRule[] = importRules): string[] {
  const rule = ruleOf(file, rules);
  if (!rule) return [];
  return importsOf(text).flatMap((imported) => {
    const target = targetOf(file, imported.specifier);
    if (isWithin(target, rule.of) || rule.may.some((allowed) => covers(allowed, target, imported.typeOnly))) return [];
    return [`${file}:${imported.line} imports ${target}; ${rule.of} may import ${rule.may.join(', ') || 'nothing but itself'}`];
  });
}

function ruleOf(file: string, rules: readonly ImportRule[]): ImportRule | undefined {
  const matching = rules.filter(({ of }) => isWithin(file, of));
  return matching.sort((a, b) => b.of.length - a.of.length)[0];
}

const isWithin = (path: string, folderOrFile: string) =>
  path === folderOrFile || path === `${folderOrFile}.ts` || path.startsWith(`${folderOrFile}/`);

/** A relative specifier from the root; a builtin as `node:fs`; a package with what is named of it. */
function targetOf(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file), specifier);
  return builtinModules.includes(specifier) ? `node:${specifier}` : specifier;
}

function covers(allowed: string, target: string, typeOnly: boolean): boolean {
  if (allowed.startsWith('type ')) return typeOnly && covers(allowed.slice(5), target, typeOnly);
  return allowed.endsWith('*') ? target.startsWith(allowed.slice(0, -1)) : isWithin(target, allowed);
}

/** All forbidden imports of the tree. */
export function checkImports(root: string): string {
  const folders = [...new Set(importRules.map(({ of }) => of.split('/')[0]))];
  const files = folders.flatMap((folder) => filesIn(root, folder ?? ''));
  return files.flatMap((file) => forbiddenImports(file, readFileSync(join(root, file), 'utf8'))).join('\n');
}

/** The TypeScript files of a folder, from the root with slashes; none where the folder isn't there. */
function filesIn(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => posix.join(folder, name.replaceAll('\\', '/')));
}
