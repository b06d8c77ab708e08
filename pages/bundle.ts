import path from 'node:path';
import { buildSync } from 'esbuild';

interface Bundle {
  readonly js: string;
  readonly css: string;
}

const known = new Map<string, Bundle>();

/** Code for the browser with its libraries, and the charts' styles: built once a process, so that a page asks no other host. */
export function browserBundle(entry: string): Bundle {
  const before = known.get(entry);
  if (before) return before;
  const options = { bundle: true, minify: true, write: false } as const;
  const js = buildSync({ ...options, entryPoints: [path.join(__dirname, entry)], format: 'iife', legalComments: 'none' });
  const css = buildSync({ ...options, entryPoints: [require.resolve('uplot/dist/uPlot.min.css')] });
  const made = {
    js: (js.outputFiles[0]?.text ?? '').replaceAll('</script', '<\\/script'),
    css: css.outputFiles[0]?.text ?? '',
  };
  known.set(entry, made);
  return made;
}
