import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPlatform, type Platform } from '../../../fixtures/contoso/azure/app-service/platform.ts';
import { createSettings } from '../../../fixtures/contoso/azure/app-service/settings.ts';
import { type Dependencies, startDependencies } from '../../../fixtures/contoso/azure/dependencies.ts';
import { createIdentity, type Identity } from '../../../fixtures/contoso/azure/identity/provider.ts';
import { createFaults, type FaultBoard } from '../../../fixtures/contoso/faults.ts';
import { world } from './doubles.ts';

const place = { stamp: 'westeurope', region: 'westeurope' };
let dependencies: Dependencies;
let faults: FaultBoard;
let identity: Identity;

beforeAll(async () => {
  const clock = world(60);
  faults = createFaults(clock);
  identity = createIdentity({ world: clock, faults, issuer: () => 'https://localhost/identity', clients: [] });
  dependencies = await startDependencies({
    world: clock,
    faults,
    identity,
    issuer: 'https://localhost/identity',
    identityHeader: 'header',
    secrets: { 'payment-api-key': 'one' },
    paymentApiKey: () => 'one',
    images: { 'contoso-shoes': ['good'] },
  });
});
beforeEach(() => void faults.clear());
afterAll(() => dependencies.close());

const platform = (
  identityToken = async (audience: string) => (await identity.issue('app-westeurope', audience)).token,
): Platform => {
  const urls = dependencies.urlsOf(place);
  return createPlatform({ keyVaultUrl: urls.keyVault, registryUrl: urls.registry, identityToken });
};
const outcomeOf = (promise: Promise<unknown>) =>
  promise.then(
    (value) => value ?? 'done',
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  );

describe('the platform, with the identity of the site', () => {
  it('reads a secret, and a version of it', async () => {
    expect(await platform().readSecret('payment-api-key', undefined)).toBe('one');
    expect(await platform().readSecret('payment-api-key', '1'.padStart(32, '0'))).toBe('one');
  });

  it('pulls an image', async () => expect(await outcomeOf(platform().pullImage('contoso-shoes', 'good'))).toBe('done'));

  it.each([
    [
      'a secret that is not there',
      () => platform().readSecret('other', undefined),
      'SecretNotFound: Key Vault answered 404 for secret other',
    ],
    [
      'a tag that is not there',
      () => platform().pullImage('contoso-shoes', 'bad'),
      '404: the registry answered 404 for contoso-shoes:bad',
    ],
    [
      'a token for something else',
      () => platform(async () => (await identity.issue('app', 'api://x')).token).readSecret('payment-api-key', undefined),
      'Unauthorized',
    ],
  ])('is refused %s', async (_what, act, expected) => expect(await outcomeOf(act())).toContain(expected));

  it.each([
    ['key-vault-denied', () => platform().readSecret('payment-api-key', undefined), 'Forbidden: Key Vault answered 403'],
    ['registry-denied', () => platform().pullImage('contoso-shoes', 'good'), '403: the registry answered 403'],
  ])('is refused by %s in its stamp alone, while it lasts', async (kind, act, expected) => {
    faults.add({ kind, stamp: 'eastus' });
    expect(await outcomeOf(act())).not.toContain('403');
    const { id } = faults.add({ kind, stamp: 'westeurope' });
    expect(await outcomeOf(act())).toContain(expected);
    faults.clear(id);
    expect(await outcomeOf(act())).not.toContain('403');
  });

  it('leaves the literal reference where the vault denies it, with the status that App Service shows', async () => {
    faults.add({ kind: 'key-vault-denied' });
    const text = '@Microsoft.KeyVault(VaultName=contoso-westeurope;SecretName=payment-api-key)';
    const settings = createSettings({ values: { PAYMENT_API_KEY: text }, readSecret: platform().readSecret, world: world(60) });
    expect((await settings.resolve()).values).toEqual({ PAYMENT_API_KEY: text });
    expect(settings.status()).toEqual({ PAYMENT_API_KEY: 'AccessToKeyVaultDenied' });
    faults.clear();
    expect((await settings.resolve()).values).toEqual({ PAYMENT_API_KEY: 'one' });
  });
});
