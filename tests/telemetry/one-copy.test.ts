import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('OpenTelemetry is installed once, not once for each package that asks for it', () => {
  const lock = JSON.parse(readFileSync(join(__dirname, '../../package-lock.json'), 'utf8')) as { packages: object };
  const copies = Object.keys(lock.packages).filter((path) => /@opentelemetry\/(core|resources|sdk-[\w-]+)$/.test(path));
  const names = copies.map((path) => path.slice(path.lastIndexOf('@')));
  expect(names).toContain('@opentelemetry/core');
  expect(names).toEqual([...new Set(names)]);
});
