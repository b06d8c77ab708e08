import { describe, expect, it } from 'vitest';
import { gateRuns, runGate } from '../support/gate-run.ts';

// `npm run prove -- gate` runs all five builds at their full length.
describe('the gate of a release', { timeout: 600_000 }, () => {
  it.each(gateRuns.filter(({ build }) => build === 'failing' || build === 'no-secret'))(
    'stops a build that is $build before any load, with the reason in its first line',
    async ({ build, code, says }) => {
      const seen = await runGate(build);
      expect(seen.firstLine, seen.errors).toMatch(says);
      expect(seen.code).toBe(code);
      for (const scenario of ['target', 'autoscale', 'cosmos-ru']) expect(seen.output).toContain(`left out: ${scenario}, since`);
      expect(seen.events).toContain('gate verdict');
      expect(seen.events).not.toContain('load verdict');
      expect(seen.announced).toEqual([]);
    },
  );

  it('judges health, journeys and three load runs of a good build, and says each outcome', async () => {
    let seen = await runGate('good', 120);
    // A busy machine can make any build slow; it makes no bad one pass.
    if (seen.code !== 0) seen = await runGate('good', 120);
    const { firstLine, code, output, errors, events, announced } = seen;
    expect(firstLine, `${output}\n${errors}`).toMatch(/^✓ gate \S+: pass: health, journeys, target, autoscale, cosmos-ru passed/);
    expect(code).toBe(0);
    for (const part of ['health', 'journeys', 'target', 'autoscale', 'cosmos-ru'])
      expect(output).toMatch(new RegExp(`│ ${part} +│ ✓`));
    expect(errors).toMatch(/ · \d+ instances · [\d,]+ RU\/s/);
    expect(events.filter((name) => name === 'load verdict')).toHaveLength(3);
    expect(events).toContain('gate verdict');
    // Each for as long as it lasted, so that the monitor keeps results of the time out of objectives.
    expect(announced.map(({ kind, why }) => `${kind}: ${why}`).sort()).toEqual(
      ['autoscale', 'cosmos-ru', 'target'].map((scenario) => `load: gate: ${scenario}`),
    );
    expect(Math.max(...announced.map(({ untilMs }) => untilMs))).toBeLessThanOrEqual(Date.now());
  });
});
