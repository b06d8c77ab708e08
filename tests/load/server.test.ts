import { describe, expect, it } from 'vitest';
import { judge } from '../../load/verdict/judge.ts';
import { loadVerdictSchema } from '../../load/verdict/verdict.ts';
import { observed } from './sample-load.ts';

const start = Date.UTC(2026, 0, 5);

describe('what the servers say', () => {
  const series = [
    { kind: 'cpu' as const, of: 'plan-a', everyMs: 60_000, points: [{ atMs: start, value: 41 }, { atMs: start + 60_000 }] },
  ];
  it('is in the verdict as it came, holes too', () => {
    expect(loadVerdictSchema.parse(judge(observed({ server: { series } }))).series).toEqual(series);
    expect(judge(observed())).not.toHaveProperty('series');
  });

  it('stands in order with what the run did to them', () => {
    const event = (seconds: number, name: string) => ({ atMs: start + seconds * 1000, name, detail: 'plan-a' });
    const run = {
      ...observed({ server: { events: [event(20, 'scale out'), event(50, 'scale in')] } }),
      events: [event(30, 'swap')],
    };
    expect(judge(run).events?.map(({ name }) => name)).toEqual(['scale out', 'swap', 'scale in']);
    expect(judge(observed())).not.toHaveProperty('events');
  });

  const cpu = (values: readonly (number | undefined)[]) =>
    values.map((value, minute) => ({ atMs: start + minute * 6_000, ...(value === undefined ? {} : { value }) }));
  const oneOf = (values: readonly (number | undefined)[]) => ({
    series: [{ kind: 'cpu' as const, of: 'plan-a', everyMs: 6_000, points: cpu(values) }],
  });
  const ten = Array.from({ length: 10 }, () => 40);
  it.each([
    { title: 'whole', server: oneOf(ten), verdict: 'pass', reasons: [] },
    { title: 'with a few holes', server: oneOf([...ten.slice(2), undefined, undefined]), verdict: 'pass', reasons: [] },
    {
      title: 'with too many holes',
      server: oneOf([...ten.slice(3), undefined, undefined, undefined]),
      verdict: 'inconclusive',
      reasons: ['server metrics: cpu of plan-a came for 70 % of the run'],
    },
    {
      title: 'of another hour',
      server: oneOf([]),
      verdict: 'inconclusive',
      reasons: ['server metrics: cpu of plan-a came for 0 % of the run'],
    },
    {
      title: 'none at all',
      server: { series: [] },
      verdict: 'inconclusive',
      reasons: ['server metrics: none came'],
    },
    {
      title: 'not to be had',
      server: { missing: 'no server metrics (401)' },
      verdict: 'inconclusive',
      reasons: ['no server metrics (401)'],
    },
  ])('decides whether a run can be green: $title', ({ server, verdict, reasons }) => {
    expect(judge(observed({ server }))).toMatchObject({ verdict, reasons });
  });
});
