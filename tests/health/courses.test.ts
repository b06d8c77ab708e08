import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { minuteMs } from '../../health/bins.ts';
import { hourMs, warningsOf } from '../../health/foresight.ts';
import { ingestion } from '../../scripts/health-courses.ts';
import { hourly, secretEndings } from '../../scripts/secret-endings.ts';
import { createArm } from '../../telemetry/arm.ts';
import { environmentWith } from './day.ts';
import { closeLogsServer, credential, logsServer, tableOf } from './logs-server.ts';
import { onAzure } from './on-azure.ts';

const nowMs = Date.UTC(2026, 10, 23, 14);
afterEach(closeLogsServer);

describe('ingestion against its daily cap', () => {
  const grown = (gbEach: number) =>
    Array.from({ length: 20 }, (_, i) => ({ At: new Date(nowMs - (19 - i) * 5 * minuteMs).toISOString(), Bytes: gbEach * 1e9 }));
  const coursesOf = async (gbEach: number, telemetry: Environment['telemetry']) => {
    const endpoint = await logsServer(() => [200, tableOf(grown(gbEach))]);
    return ingestion({ ...onAzure(environmentWith()), telemetry }, { credential, endpoint });
  };

  it('is what was taken in since midnight, and warned of before the cap', async () => {
    const courses = await coursesOf(0.2, { resourceId: 'a-component', dailyCapGb: 5 });
    expect(courses).toMatchObject([{ id: 'ingestion@telemetry', bound: 5, unit: 'GB' }]);
    expect(courses[0]?.points.at(-1)).toEqual({ atMs: nowMs, value: expect.closeTo(4, 9) });
    const [warning] = warningsOf(courses, [], nowMs);
    // A GB is left, and each five minutes take a fifth of one.
    expect(warning).toMatchObject({ id: 'ingestion@telemetry', within: 'hour' });
    expect(Math.abs((warning?.expectedMs ?? 0) - (nowMs + 25 * minuteMs))).toBeLessThan(minuteMs);
  });

  it('is no warning where the cap is further than an hour away, and isn’t asked for without one', async () => {
    const far = await coursesOf(0.2, { resourceId: 'a-component', dailyCapGb: 50 });
    expect(warningsOf(far, [], nowMs)).toEqual([]);
    expect(await coursesOf(0.2, { resourceId: 'a-component' })).toEqual([]);
  });
});

describe('secrets against their end', () => {
  const vault = '/subscriptions/0/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/shop-westeurope';
  const stamps = environmentWith().stamps.map((stamp) => ({ ...stamp, keyVaultId: vault }));
  const secret = (name: string, attributes: object) => ({ id: `${vault}/secrets/${name}`, name, properties: { attributes } });
  const inDays = (days: number) => Math.floor((nowMs + days * 24 * hourMs) / 1_000);

  it('are read from every page of each vault once, names alone, and warned of in their last week', async () => {
    const asked: string[] = [];
    const server = createServer(({ url = '', headers }, res) => {
      asked.push(`${headers.authorization} ${url}`);
      const { port } = server.address() as AddressInfo;
      const first = [secret('payment-key', { enabled: true, exp: inDays(3) }), secret('cosmos-key', { enabled: true })];
      const second = [
        secret('old-key', { enabled: false, exp: inDays(1) }),
        secret('next-key', { enabled: true, exp: inDays(60) }),
      ];
      const nextLink = `http://127.0.0.1:${port}${vault}/secrets?api-version=2023-07-01&$skiptoken=2`;
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify(url.includes('skiptoken') ? { value: second } : { value: first, nextLink }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const arm = createArm({ credential, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    try {
      const endings = await secretEndings({ ...onAzure(environmentWith()), stamps }, () => Promise.resolve(arm));
      expect(asked).toEqual([
        `Bearer a-token ${vault}/secrets?api-version=2023-07-01`,
        `Bearer a-token ${vault}/secrets?api-version=2023-07-01&$skiptoken=2`,
      ]);
      expect(endings.map(({ id }) => id)).toEqual([
        'secret-end@shop-westeurope/payment-key',
        'secret-end@shop-westeurope/next-key',
      ]);
      expect(warningsOf([], endings, nowMs).map(({ text }) => text)).toEqual([
        'secret payment-key of shop-westeurope ends 2026-11-26 14:00 UTC, in 3 days',
      ]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it.each(['', '{}', '<html>a gateway</html>', '{"value":"none"}'])('are not none where a vault answers %j', async (answer) => {
    const server = createServer((_, res) => res.end(answer));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const arm = createArm({ credential, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    try {
      const asked = secretEndings({ ...onAzure(environmentWith()), stamps }, () => Promise.resolve(arm));
      await expect(asked).rejects.toThrow('was answered without a list');
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('are asked for once an hour, and again after a failure', async () => {
    let asked = 0;
    const ask = hourly(() => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error('403')) : Promise.resolve(asked);
    });
    await expect(ask(nowMs)).rejects.toThrow('403');
    expect([await ask(nowMs), await ask(nowMs + hourMs - 1), await ask(nowMs + hourMs)]).toEqual([2, 2, 3]);
  });
});
