// Lets Node load TypeScript: `node -r ./scripts/register.cjs scripts/start.ts`. ts-node transpiles a file as tsconfig.json says,
// once: what came of it is kept in .local/transpiled until the file, the compiler or its configuration changes. Loading the
// compiler and transpiling a hundred files takes each command a second or two of CPU; reading them back, a tenth.
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { enableCompileCache, setSourceMapsSupport } = require('node:module');
const { dirname, join, relative, sep } = require('node:path');

const root = dirname(__dirname);
const folder = join(root, '.local', 'transpiled');
// package.json pins the compiler.
const compiler = ['package.json', 'tsconfig.json'].map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
let tsNode;

function transpile(source, file) {
  tsNode ??= require('ts-node').create({ cwd: root });
  return tsNode.compile(source, file);
}

/** The JavaScript of a file of ours; the first line of what is kept says what it was made from. */
function transpiled(file) {
  const source = readFileSync(file, 'utf8');
  const path = relative(root, file);
  // Somebody else's, such as a test's of a moment: nobody would remove what is kept of it.
  if (path.startsWith('..')) return transpile(source, file);
  const madeFrom = createHash('sha256').update(`${file}\n${compiler}\n${source}`).digest('hex');
  const kept = join(folder, `${path.replaceAll(sep, '+')}.js`);
  const text = textOf(kept);
  if (text.startsWith(`${madeFrom}\n`)) return text.slice(madeFrom.length + 1);
  const code = transpile(source, file);
  keep(kept, `${madeFrom}\n${code}`);
  return code;
}

function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Whole or not at all: several commands start at once, and any may be killed. */
function keep(file, text) {
  const aside = `${file}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(aside, text);
    renameSync(aside, file);
  } catch {
    // A disk that is full or can't be written costs the next command time, nothing else.
  }
}

setSourceMapsSupport(true, { nodeModules: false });
enableCompileCache(join(root, '.local', 'compiled'));
require.extensions['.ts'] = (module, file) => module._compile(transpiled(file), file);
