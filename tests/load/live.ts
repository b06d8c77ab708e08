import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { environmentSchema } from '../../fixtures/environments/schema.ts';

const local = JSON.parse(readFileSync(join(__dirname, '../../fixtures/environments/local.json'), 'utf8')) as Environment;

export interface LiveRun {
  readonly environment: Environment;
  readonly environmentFile: string;
  readonly folder: string;
  close(): void;
}

/** local.json with one stamp and the global endpoint at a URL, as a file in a folder of its own. */
export function environmentAt(url: string, change: Partial<Environment> = {}): LiveRun {
  const folder = mkdtempSync(join(tmpdir(), 'load-'));
  const [stamp] = local.stamps;
  const file = {
    ...local,
    auth: { ...local.auth, tokenEndpoint: `${url}/token` },
    stamps: [{ ...stamp, endpoint: url, slots: [] }],
    // The same shop by another name: an environment names no endpoint twice.
    global: { endpoint: url.replace('127.0.0.1', 'localhost') },
    ...change,
  };
  const environmentFile = join(folder, 'environment.json');
  writeFileSync(environmentFile, JSON.stringify(file));
  const close = () => rmSync(folder, { recursive: true, force: true });
  return { environment: environmentSchema.parse(file), environmentFile, folder, close };
}
