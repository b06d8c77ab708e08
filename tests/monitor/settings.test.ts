import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../fixtures/environments/errors.ts';
import { loadEnvironment, parseEnvironment } from '../../fixtures/environments/load.ts';
import { environmentWith } from './checks.ts';

describe('monitor settings', () => {
  const parse = (monitor: unknown) => parseEnvironment(JSON.stringify({ ...environmentWith(), monitor }), 'test.json', {});
  const window = { why: 'x', timeZone: 'UTC', from: '01:00', to: '02:00' };

  test('have a default each', () => {
    expect(parse({}).monitor).toEqual(loadEnvironment('local', {}).monitor);
    expect(parse({}).monitor).toMatchObject({ retries: { count: 1 }, concurrency: { overall: 50 }, controls: [] });
  });

  test.each([
    { monitor: { everyMinutes: { chekout: 5 } }, path: 'monitor.everyMinutes.chekout', allowed: 'checkout (did you mean it?)' },
    { monitor: { everyMinutes: { checkout: 0 } }, path: 'monitor.everyMinutes.checkout', allowed: 'at least 1' },
    { monitor: { everyMinutes: { checkout: 61 } }, path: 'monitor.everyMinutes.checkout', allowed: 'at most 60' },
    { monitor: { everyMinutes: { checkout: 1.5 } }, path: 'monitor.everyMinutes.checkout', allowed: 'whole' },
    { monitor: { retries: { count: 6 } }, path: 'monitor.retries.count', allowed: 'at most 5' },
    { monitor: { retrys: {} }, path: 'monitor.retrys', allowed: 'retries (did you mean it?)' },
    { monitor: { concurrency: { overall: 0 } }, path: 'monitor.concurrency.overall', allowed: 'at least 1' },
    { monitor: { controls: ['https://one.example/'] }, path: 'monitor.controls', allowed: 'at least two' },
    { monitor: { controls: ['http://one.example/', 'https://two.example/'] }, path: 'monitor.controls[0]', allowed: 'https' },
    {
      monitor: { controls: ['https://one.example/a', 'https://one.example/b'] },
      path: 'monitor.controls[1]',
      allowed: 'another host',
    },
    {
      monitor: { controls: ['https://localhost/', 'https://two.example/'] },
      path: 'monitor.controls[0]',
      allowed: 'not one of the environment',
    },
    { monitor: { deadManUrl: 'http://watch.example/1' }, path: 'monitor.deadManUrl', allowed: 'https' },
    {
      monitor: { maintenance: [{ ...window, timeZone: 'Mars/Base' }] },
      path: 'monitor.maintenance[0].timeZone',
      allowed: 'a time zone',
    },
    { monitor: { maintenance: [{ ...window, from: '25:00' }] }, path: 'monitor.maintenance[0].from', allowed: 'a time of day' },
    { monitor: { maintenance: [{ ...window, to: '01:00' }] }, path: 'monitor.maintenance[0].to', allowed: 'another time' },
    { monitor: { maintenance: [{ ...window, date: '2026-02-30' }] }, path: 'monitor.maintenance[0].date', allowed: 'a date' },
    {
      monitor: { maintenance: [{ ...window, date: '2026-02-28', days: ['monday'] }] },
      path: 'monitor.maintenance[0].days',
      allowed: 'nothing beside date',
    },
    {
      monitor: { maintenance: [{ ...window, targets: ['westerope'] }] },
      path: 'monitor.maintenance[0].targets[0]',
      allowed: 'westeurope (did you mean it?)',
    },
    { monitor: { certificate: { warningDays: 5 } }, path: 'monitor.certificate.failingDays', allowed: 'at most warningDays, 5' },
    { monitor: { port: 70_000 }, path: 'monitor.port', allowed: 'at most 65535' },
  ])('refuse $monitor', ({ monitor, path, allowed }) => {
    let faults: ConfigurationError['faults'] = [];
    try {
      parse(monitor);
    } catch (error) {
      if (error instanceof ConfigurationError) faults = error.faults;
    }
    expect(faults.map((fault) => fault.path)).toEqual([path]);
    expect(faults[0]?.allowed).toContain(allowed);
  });
});
