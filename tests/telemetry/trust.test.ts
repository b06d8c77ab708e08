import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { request } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAuthority } from '../../fixtures/contoso/azure/certificate.ts';
import { ConfigurationError } from '../../fixtures/environments/errors.ts';
import { keepTrusting, trustCertificates } from '../../telemetry/trust.ts';

let folder: string;
let pem: string;
let before: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trust-'));
  pem = (await createAuthority()).ca.trim();
  writeFileSync(join(folder, 'ca.pem'), pem);
  writeFileSync(join(folder, 'two.pem'), `# a comment\n${pem}\n${(await createAuthority()).ca}`);
  writeFileSync(join(folder, 'empty.pem'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  // Set once as it is, so that Node drops what the machine lists twice.
  tls.setDefaultCACertificates(tls.getCACertificates('default'));
  before = tls.getCACertificates('default');
});
afterEach(() => {
  vi.unstubAllEnvs();
  tls.setDefaultCACertificates(before);
});

const trusted = () => tls.getCACertificates('default').map((certificate) => certificate.trim());

describe('trustCertificates', () => {
  it('adds the file to what is trusted already', () => {
    trustCertificates(join(folder, 'ca.pem'));
    // Counted, since a difference of hundreds of certificates helps nobody.
    expect([trusted().includes(pem), trusted().length]).toEqual([true, before.length + 1]);
    expect(before.filter((certificate) => !trusted().includes(certificate.trim()))).toHaveLength(0);
  });

  it('adds a certificate once however often it is called', () => {
    trustCertificates(join(folder, 'ca.pem'));
    trustCertificates(join(folder, 'ca.pem'));
    expect(trusted()).toHaveLength(before.length + 1);
  });

  it.each([
    ['two.pem', 2],
    ['empty.pem', 0],
  ])('takes every certificate of %s', (file, count) => {
    trustCertificates(join(folder, file));
    expect(trusted()).toHaveLength(before.length + count);
  });

  it('takes the file that SSL_CERT_FILE names, as k6 does', () => {
    vi.stubEnv('SSL_CERT_FILE', join(folder, 'ca.pem'));
    trustCertificates();
    expect(trusted().includes(pem)).toBe(true);
  });

  it.each([
    ['gone.pem', "which can't be read (ENOENT)"],
    ['empty.pem', 'which holds no certificate'],
  ])('says what is wrong with %s where SSL_CERT_FILE names it', (file, seen) => {
    vi.stubEnv('SSL_CERT_FILE', join(folder, file));
    const said = `SSL_CERT_FILE has a fault:\n  got ${join(folder, file)}, ${seen}; allowed: a PEM file of certificates`;
    expect(() => trustCertificates()).toThrow(ConfigurationError);
    expect(() => trustCertificates()).toThrow(said);
  });
});

describe('keepTrusting', () => {
  let server: Server | undefined;
  afterEach(() => new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined))));

  it('takes the CA of a store that starts anew, whose endpoint then is trusted', async () => {
    const file = join(folder, 'store.pem');
    writeFileSync(file, pem);
    const stop = keepTrusting(file, 20);
    rmSync(file);
    const authority = await createAuthority();
    server = createServer(await authority.issue({ notAfter: new Date(Date.now() + 3_600_000) }), (_, response) =>
      response.end('ok'),
    );
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ask = () => request(`https://localhost:${port}/`).then(({ body }) => body.text());
    await expect(ask()).rejects.toThrow(/certificate/);
    writeFileSync(file, authority.ca);
    await vi.waitFor(async () => expect(await ask()).toBe('ok'), { timeout: 60_000, interval: 50 });
    stop();
  });
});
