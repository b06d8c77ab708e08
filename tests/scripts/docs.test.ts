import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json';

const root = join(__dirname, '../..');
const commands = new Set(Object.keys(packageJson.scripts));

describe.each(['README.md', ...globSync('docs/**/*.md', { cwd: root })])('%s', (file) => {
  const text = readFileSync(join(root, file), 'utf8');
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');

  it('links to files that are there', () => {
    const linked = [...prose.matchAll(/\]\((?!https:)([^)#\s]+)/g)].map(([, path = '']) => join(dirname(file), path));
    expect(linked.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('names commands that exist', () => {
    const named = [...text.matchAll(/npm run ([a-z]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !commands.has(name))).toEqual([]);
  });

  it('names files of ours that are there', () => {
    const named = [...prose.matchAll(/`((?:fixtures|synthetics|load|telemetry|health|pages|scripts|tests|deploy)\/[\w./-]+)`/g)];
    // `load/k6` and the like are folders; what has a placeholder in it isn't matched.
    expect(named.map(([, path = '']) => path).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('quotes nothing by a line that happens to begin with >', () => {
    expect(prose.match(/^\s*>.*/gm) ?? []).toEqual([]);
  });
});
