import { afterEach } from 'vitest';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { environmentAt, type LiveRun } from './live.ts';
import { startTinyShop, type Trick } from './tiny-shop.ts';

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
