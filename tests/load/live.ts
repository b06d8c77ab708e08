import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { environmentSchema } from '../../fixtures/environments/schema.ts';
import { startTinyShop, type Trick } from './tiny-shop.ts';

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

/** Shops and environments that end with the test that asked for them. */
export function shopsOfTests() {
  const closing: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  function liveAt(url: string, change: (environment: Environment) => Partial<Environment> = () => ({})): LiveRun {
    const plain = environmentAt(url);
    const live = environmentAt(url, change(plain.environment));
    plain.close();
    closing.push(() => live.close());
    return live;
  }

  async function shopWith(trick?: Trick, change?: (environment: Environment) => Partial<Environment>) {
    const shop = await startTinyShop(trick);
    closing.push(() => shop.close());
    return { shop, live: liveAt(shop.url, change) };
  }
  return { shopWith, liveAt };
}
