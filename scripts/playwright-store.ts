import { existsSync } from 'node:fs';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { ensureStore } from './local-store.ts';

/** Playwright's global set-up: a plain `npx playwright test` finds the local store running, and leaves none behind that it started. */
export default async function startStore(): Promise<(() => Promise<void>) | undefined> {
  const environment = loadEnvironment();
  if (!environment.local) return undefined;
  const store = await ensureStore(environment, readVariables().TARGET_ENV ?? 'local');
  // Its CA may be newer than the configuration that was loaded before it started; the reporter publishes from this process.
  if (existsSync(store.caFile)) trustCertificates(store.caFile);
  return () => store.close();
}
