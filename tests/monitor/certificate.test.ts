import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../fixtures/contoso/azure/certificate.ts';
import type { Target } from '../../fixtures/environments/targets.ts';
import { CertificateWatch, checkCertificate } from '../../synthetics/monitor/certificate.ts';
import type { AvailabilityResult } from '../../synthetics/result.ts';
import { aResult } from '../support/results.ts';
import { environmentWith } from './checks.ts';
import { failedResult } from './ran.ts';

const dayMs = 86_400_000;

describe('certificate', () => {
  const servers: ReturnType<typeof createHttpsServer>[] = [];
  afterAll(() => Promise.all(servers.map((server) => new Promise((closed) => server.close(closed)))));
  let authority: Awaited<ReturnType<typeof createAuthority>>;
  beforeAll(async () => {
    authority = await createAuthority();
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority.ca]);
  });

  async function endpointWith(notAfter: Date, issuer = authority): Promise<string> {
    const server = createHttpsServer(await issuer.issue({ notAfter }), (_, response) => response.end('ok'));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `https://localhost:${(server.address() as AddressInfo).port}`;
  }

  const seenAt = async (endpoint: string) => {
    const environment = environmentWith({ certificate: { warningDays: 21, failingDays: 7 } });
    return checkCertificate(environment, { kind: 'stamp', name: 'westeurope', endpoint, headers: {} }, Date.now);
  };

  test.each([
    { days: 90, outcome: 'passed', warnings: 0 },
    { days: 22, outcome: 'passed', warnings: 0 },
    { days: 20, outcome: 'passed', warnings: 1 },
    { days: 8, outcome: 'passed', warnings: 1 },
    { days: 6, outcome: 'failed', warnings: 0 },
  ])('that ends in $days days: $outcome, $warnings warnings', async ({ days, outcome, warnings }) => {
    const result = await seenAt(await endpointWith(new Date(Date.now() + days * dayMs)));
    expect(result).toMatchObject({ journey: 'certificate', outcome });
    expect(result.warnings).toHaveLength(warnings);
    if (warnings > 0) expect(result.warnings[0]).toMatch(/^the certificate is one that ends \d{4}-\d\d-\d\d, in \d+\.\d days$/);
    if (outcome === 'failed')
      expect(result.failure).toMatchObject({ step: 'expiry', cause: 'tls', rule: 'a certificate for at least 7 more days' });
  });

  test('that has ended, or that nobody vouches for, fails as tls', async () => {
    const ended = await seenAt(await endpointWith(new Date(Date.now() - 60_000)));
    expect([ended.outcome, ended.failure?.cause]).toEqual(['failed', 'tls']);
    const stranger = await seenAt(await endpointWith(new Date(Date.now() + 90 * dayMs), await createAuthority()));
    expect([stranger.outcome, stranger.failure?.cause]).toEqual(['failed', 'tls']);
  });

  test('of an endpoint that is not there is not known', async () => {
    const unseen = await seenAt('https://127.0.0.1:1');
    expect([unseen.outcome, unseen.failure?.cause]).toEqual(['inconclusive', 'connect']);
  });
});

describe('looks at certificates', () => {
  const at = (index: number): Target => ({ kind: 'stamp', name: `stamp-${index}`, endpoint: 'https://localhost', headers: {} });
  const result = (changes: Partial<AvailabilityResult> = {}) =>
    aResult(1, { journey: 'certificate', target: { kind: 'stamp', name: 'stamp-0', endpoint: '' }, ...changes });

  test('are worth a result each hour, and whenever they say something new', () => {
    const watch = new CertificateWatch();
    const ended = failedResult(1, 'tls', { target: result().target });
    const said = [
      [0, result()],
      [1, result()],
      [2, ended],
      [3, ended],
      [4, result()],
      [5, result({ warnings: ['it ends in 15.0 days'] })],
      [6, result({ warnings: ['it ends in 14.9 days'] })],
      [65, result({ warnings: ['it ends in 14.8 days'] })],
    ] as const;
    expect(said.filter(([period, each]) => watch.isNews(period, each)).map(([period]) => period)).toEqual([0, 2, 4, 5, 65]);
  });

  test.each([
    { count: 10, most: 10 },
    { count: 1_000, most: 59 },
  ])('of $count targets take turns, at most $most a period after the first', ({ count, most }) => {
    const watch = new CertificateWatch();
    const targets = Array.from({ length: count }, (_, index) => at(index));
    for (const target of watch.due(0, targets)) watch.isNews(0, result({ target }));
    const looked = Array.from({ length: 20 }, (_, period) => watch.due(period + 1, targets));
    expect(Math.max(...looked.map(({ length }) => length))).toBe(most);
    expect(new Set(looked.flat()).size).toBe(count);
  });
});
