import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { feltAt, whileAnnounced } from '../../scripts/under-way.ts';
import { readUnderWay, underWayFolder } from '../../synthetics/monitor/under-way.ts';
import { environmentWith } from '../monitor/checks.ts';

const environment = environmentWith({}, { name: `under-way-${process.pid}` });
const folder = underWayFolder(environment.name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const act = { kind: 'load', why: 'load test target', environment, targets: ['eastus'], durationSeconds: 60 } as const;
const notes = () => readUnderWay(folder, Date.now(), () => undefined);

describe('load that is announced', () => {
  it('is felt by what shares its plan, and by the global endpoint', () => {
    expect(feltAt(environment, ['eastus'])).toEqual(['eastus', 'global', 'eastus-staging']);
    expect(feltAt(environment, ['eastus', 'global'])).toBeUndefined();
    expect(feltAt(environment, [])).toBeUndefined();
  });

  it('is under way while it lasts, and no longer', async () => {
    const seen = await whileAnnounced(act, () => Promise.resolve(notes()));
    expect(seen).toEqual([
      { kind: 'load', why: 'load test target', targets: ['eastus', 'global', 'eastus-staging'], ...times(seen) },
    ]);
    expect((seen[0]?.untilMs ?? 0) - (seen[0]?.fromMs ?? 0)).toBeGreaterThanOrEqual(60_000);
    expect(notes()[0]?.untilMs).toBeLessThanOrEqual(Date.now());
  });

  it('is taken back also where it broke', async () => {
    await expect(whileAnnounced(act, () => Promise.reject(new Error('no k6')))).rejects.toThrow('no k6');
    expect(notes().every(({ untilMs }) => untilMs <= Date.now())).toBe(true);
  });
});

const times = ([note]: readonly { fromMs: number; untilMs: number }[]) => ({ fromMs: note?.fromMs, untilMs: note?.untilMs });
