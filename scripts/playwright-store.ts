import { loadEnvironment, wantedEnvironment } from '../fixtures/environments/load.ts';
import { trustCertificates } from '../telemetry/trust.ts';

/**
 * Playwright's global set-up: a plain `npx playwright test` finds the local store running. One that it started ends with
 * this process and not by a teardown: Playwright tears down before reporters end, and ours still has results to publish.
 */
export default async function startStore(): Promise<void> {
  const environment = loadEnvironment();
  if (!environment.local) return;
  // A round against a store elsewhere has no use for it.
  const { ensureStore } = await import('./local-store.ts');
  const store = await ensureStore(environment, wantedEnvironment());
  // Its CA may be newer than the configuration that was loaded before it started; the reporter publishes from this process.
  trustCertificates(store.caFile);
  // Workers inherit the variables of this process, and load playwright.config.ts, which reads this one.
  process.env.LOCAL_STORE_CA = store.caFile;
}
