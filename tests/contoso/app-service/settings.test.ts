import { describe, expect, it } from 'vitest';
import { createSettings, notesOf, referenceOf, type SiteSettings } from '../../../fixtures/contoso/azure/app-service/settings.ts';

const uri = '@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/payment-key)';
const day = 24 * 3_600_000;

function setUp(values: Record<string, string>) {
  const vault = { secrets: { 'payment-key': 'one' } as Record<string, string>, fail: '', reads: 0 };
  const clock = { now: 0 };
  const settings = createSettings({
    values,
    readSecret: async (name) => {
      vault.reads += 1;
      const code = vault.fail || (name in vault.secrets ? '' : 'SecretNotFound');
      if (code) throw Object.assign(new Error(code), { code });
      return vault.secrets[name] as string;
    },
    world: { now: () => clock.now, random: () => 0.5, timeScale: 10 },
  });
  return { vault, clock, settings };
}

const resolved = async (settings: SiteSettings) => (await settings.resolve()).values;

describe('a Key Vault reference', () => {
  it.each([
    ['plain', null],
    [uri, { name: 'payment-key', version: undefined }],
    [
      '@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/payment-key/)',
      { name: 'payment-key', version: undefined },
    ],
    ['@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/payment-key/abc)', { name: 'payment-key', version: 'abc' }],
    ['@Microsoft.KeyVault(VaultName=v;SecretName=payment-key)', { name: 'payment-key', version: undefined }],
    ['@Microsoft.KeyVault(VaultName=v;SecretName=payment-key;SecretVersion=2)', { name: 'payment-key', version: '2' }],
    ['@Microsoft.KeyVault(SecretName=payment-key)', 'invalid'],
    ['@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/keys/payment-key)', 'invalid'],
    ['@Microsoft.KeyVault(', 'invalid'],
    ['@microsoft.keyvault', null],
  ])('is read from %s', (value, expected) => expect(referenceOf(value)).toEqual(expected));
});

describe('app settings with Key Vault references', () => {
  it('holds the secret, and plain values as they are', async () => {
    const { settings, vault } = setUp({ KEY: uri, REGION: 'westeurope' });
    expect(await resolved(settings)).toEqual({ KEY: 'one', REGION: 'westeurope' });
    await settings.resolve();
    expect(vault.reads).toBe(1);
    expect(settings.status()).toEqual({ KEY: 'Resolved' });
  });

  // Azure's rule: what cannot be resolved becomes the literal text, and the app starts with it.
  it.each([
    ['Forbidden', 'AccessToKeyVaultDenied'],
    ['SecretNotFound', 'SecretNotFound'],
    ['ECONNREFUSED', 'OtherReasons'],
  ])('holds the literal text when the vault answers %s', async (fail, status) => {
    const { settings, vault } = setUp({ KEY: uri });
    vault.fail = fail;
    expect(await resolved(settings)).toEqual({ KEY: uri });
    expect(settings.status()).toEqual({ KEY: status });
  });

  it('holds the literal text of a malformed reference without asking', async () => {
    const { settings, vault } = setUp({ KEY: '@Microsoft.KeyVault(nonsense)' });
    expect(await resolved(settings)).toEqual({ KEY: '@Microsoft.KeyVault(nonsense)' });
    expect([vault.reads, settings.status()]).toEqual([0, { KEY: 'InvalidSyntax' }]);
  });

  it('starts a new instance with the held value while the vault is denied', async () => {
    const { settings, vault } = setUp({ KEY: uri });
    await settings.resolve();
    vault.fail = 'Forbidden';
    expect(await resolved(settings)).toEqual({ KEY: 'one' });
  });

  it.each(['forget', 'change'] as const)('loses the held value by %s while the vault is denied', async (how) => {
    const { settings, vault } = setUp({ KEY: uri });
    await settings.resolve();
    vault.fail = 'Forbidden';
    if (how === 'forget') settings.forget();
    else settings.change({ KEY: uri });
    expect(await resolved(settings)).toEqual({ KEY: uri });
    expect(settings.status()).toEqual({ KEY: 'AccessToKeyVaultDenied' });
    vault.fail = '';
    expect(await resolved(settings)).toEqual({ KEY: 'one' });
  });

  it('says nothing more of a reference that was taken away', async () => {
    const { settings } = setUp({ KEY: uri });
    await settings.resolve();
    settings.change({ KEY: 'plain' });
    await settings.resolve();
    expect(settings.status()).toEqual({});
  });

  // timeScale 10: 24 hours of the control plane pass in 2.4.
  it.each([
    [day / 10 - 1, 'one'],
    [day / 10, 'two'],
  ])('sees a rotated secret 24 hours later: after %i ms it is %s', async (afterMs, expected) => {
    const { settings, vault, clock } = setUp({ KEY: uri });
    await settings.resolve();
    vault.secrets['payment-key'] = 'two';
    clock.now = afterMs;
    expect(await resolved(settings)).toEqual({ KEY: expected });
  });
});

describe('what the events say of a start', () => {
  const literal = 'is not resolved (AccessToKeyVaultDenied): its value is the literal text of the reference';
  const note = async (settings: SiteSettings) => notesOf(await settings.resolve());

  // Ours for a new instance (Azure documents nothing); documented for a restart and a configuration change.
  it('tells held values from fetched ones and from literal text', async () => {
    const { settings, vault } = setUp({ KEY: uri, REGION: 'westeurope' });
    expect(await note(settings)).toEqual([]);
    vault.fail = 'Forbidden';
    expect(await note(settings)).toEqual(['KEY from values held since an earlier fetch']);
    settings.forget();
    expect(await note(settings)).toEqual([`KEY ${literal}`]);
  });
});

describe('deployment slot settings', () => {
  // App Service, "Which settings are swapped": slot settings stay with their slot.
  const slot = (values: Record<string, string>) =>
    createSettings({
      values,
      slotSettings: new Set(['VAULT', 'KEY']),
      readSecret: async () => 'one',
      world: { now: () => 0, random: () => 0.5, timeScale: 1 },
    });

  it('stay with the slot, and all others travel', async () => {
    const staging = slot({ VAULT: 'staging', KEY: uri, FLAG: 'new', EXTRA: '1' });
    const production = slot({ VAULT: 'production', KEY: uri, FLAG: 'old' });
    expect(staging.travelling()).toEqual({ FLAG: 'new', EXTRA: '1' });
    expect(production.receiving(staging.travelling()).values()).toEqual({
      VAULT: 'production',
      KEY: uri,
      FLAG: 'new',
      EXTRA: '1',
    });
    expect(staging.receiving(production.travelling()).values()).toEqual({ VAULT: 'staging', KEY: uri, FLAG: 'old' });
  });

  it('are fetched anew after a swap, which is a configuration change', async () => {
    const production = slot({ KEY: uri });
    await production.resolve();
    expect((await production.resolve()).held).toEqual(['KEY']);
    expect((await production.receiving({}).resolve()).held).toEqual([]);
  });
});
