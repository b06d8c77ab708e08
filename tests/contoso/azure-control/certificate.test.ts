import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Authority, createAuthority, type IssueOptions } from '../../../fixtures/contoso/azure/certificate.ts';

const exec = promisify(execFile);
const hourMs = 3_600_000;
let authority: Authority;
let other: Authority;
beforeAll(async () => {
  [authority, other] = await Promise.all([createAuthority(), createAuthority()]);
});

/** What a client of a host says of the certificate: 'trusted', or the error's code. */
async function handshake(options: IssueOptions, host: string, ca: string): Promise<string> {
  const server = createServer(await authority.issue(options)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', servername: host, ca });
  const verdict = await new Promise<string>((resolve) => {
    socket.once('secureConnect', () => resolve('trusted'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  return verdict;
}

describe('what Node makes of a certificate', () => {
  const ago = (hours: number) => new Date(Date.now() - hours * hourMs);
  const rows: readonly (readonly [what: string, options: IssueOptions, host: string, verdict: string])[] = [
    ['localhost', {}, 'localhost', 'trusted'],
    ['a host that was asked for', { hosts: ['shop.contoso.example'] }, 'shop.contoso.example', 'trusted'],
    ['a host that was not', {}, 'shop.contoso.example', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['one that ends in an hour', { notAfter: ago(-1) }, 'localhost', 'trusted'],
    ['one that ended an hour ago', { notBefore: ago(3), notAfter: ago(1) }, 'localhost', 'CERT_HAS_EXPIRED'],
    ['one that begins in an hour', { notBefore: ago(-1) }, 'localhost', 'CERT_NOT_YET_VALID'],
  ];
  test.each(rows)('%s', async (_what, options, host, verdict) => {
    expect(await handshake(options, host, authority.ca)).toBe(verdict);
  });

  test('another run’s CA does not vouch for it', async () => {
    expect(await handshake({}, 'localhost', other.ca)).not.toBe('trusted');
  });
});

test('names loopback in every form, and is no CA itself', async () => {
  const leaf = new X509Certificate((await authority.issue({ hosts: ['localhost', '10.0.0.7'] })).cert);
  const root = new X509Certificate(authority.ca);
  expect(leaf.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:10.0.0.7');
  expect([leaf.ca, root.ca, leaf.verify(root.publicKey), leaf.checkIssued(root)]).toEqual([false, true, true, true]);
  expect(Date.now() - Date.parse(leaf.validFrom)).toBeGreaterThan(hourMs - 60_000);
});

test('no two certificates share a serial number', async () => {
  const issued = await Promise.all(Array.from({ length: 20 }, () => authority.issue()));
  expect(new Set(issued.map(({ cert }) => new X509Certificate(cert).serialNumber)).size).toBe(20);
});

describe('what Go makes of it, and so k6', () => {
  const dir = mkdtempSync(join(tmpdir(), 'contoso-certificate-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const program = `package main
import ("fmt"; "net/http"; "os")
func main() { r, err := http.Get(os.Args[1]); if err != nil { fmt.Println(err); os.Exit(1) }; fmt.Println(r.StatusCode) }`;

  // Go is needed to build k6, so it is there where k6 was built; where not, k6's own runs prove the same.
  const hasGo = async () =>
    exec('go', ['version']).then(
      () => true,
      () => false,
    );
  test('SSL_CERT_FILE makes it trusted', async (context) => {
    if (!(await hasGo())) return context.skip();
    writeFileSync(join(dir, 'main.go'), program);
    writeFileSync(join(dir, 'ca.pem'), authority.ca);
    const binary = join(dir, 'get');
    await exec('go', ['build', '-o', binary, join(dir, 'main.go')], {
      env: { ...process.env, GOFLAGS: '-mod=mod', GO111MODULE: 'off' },
    });
    const server = createServer(await authority.issue(), (_req, res) => res.end('ok')).listen(0, '127.0.0.1');
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    await once(server, 'listening');
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
    const get = (env: NodeJS.ProcessEnv) =>
      exec(binary, [url], { env }).then(
        ({ stdout }) => stdout.trim(),
        (error: { stdout: string }) => error.stdout.trim(),
      );
    expect(await get({ SSL_CERT_FILE: join(dir, 'ca.pem') })).toBe('200');
    expect(await get({ SSL_CERT_FILE: '/dev/null', SSL_CERT_DIR: `${dir}/none` })).toContain(
      'certificate signed by unknown authority',
    );
    await new Promise((resolve) => server.close(resolve));
  });
});
