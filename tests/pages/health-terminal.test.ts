import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { expandModel } from '../../health/expand.ts';
import { pictureLines } from '../../pages/health-terminal.ts';
import { observationsOf, pictureOf } from '../health/kql/agreement.ts';
import { environments, type Situation, tablesOf } from '../health/situation.ts';

const model = expandModel(environments['two-regions']);
const linesOf = (given: Situation['given'], base: Situation['base'] = 'well') =>
  pictureLines(pictureOf(model, observationsOf(tablesOf({ title: 'shown', base, given, states: {} })))).map(
    stripVTControlCharacters,
  );

describe('the picture in a terminal', () => {
  it('is one line where all is well', () => {
    expect(linesOf([]).filter((line) => !line.startsWith('  '))).toEqual(['✓ healthy 100  store']);
  });

  it('leads from the store down to what is bad, and names the cause', () => {
    const lines = linesOf([['cosmosThrottled', 'contoso@westeurope', '7/100x20']]);
    expect(lines[0]).toMatch(/^! degraded \d+ {2}store {2}store degraded since 13:41: Cosmos 429s 7 % ≥ 5 %$/);
    expect(lines.filter((line) => /^ +! degraded \d+ {2}Cosmos DB/.test(line))).not.toEqual([]);
    expect(lines.at(-1)).toBe('cause: cosmos in westeurope, degraded: Cosmos 429s 7 % ≥ 5 %');
  });

  it('says what is not known, and no score as if it were of all', () => {
    const lines = linesOf([['serverLatencyMs', 'westeurope', '12/3x12']]);
    expect(lines[0]).toBe('? unknown 100 by what is known  store');
    expect(lines).toContain('          ? unknown 100 by what is known  API');
    expect(lines.filter((line) => line.includes('nothing known of: server latency p95'))).not.toEqual([]);
  });

  it('says what there is no data of where the rest is well, and nothing of what has rows for failures alone', () => {
    const lines = linesOf([
      ['responseMs', 'westeurope', '-x60'],
      ['cosmosRuPercent', 'contoso', '-x60'],
      ['exceptions', 'westeurope', '-x60'],
      ['scaleFailures', 'plan-westeurope', '-x60'],
    ]);
    expect(lines[0]).toBe('✓ healthy 100  store');
    const said = lines.filter((line) => line.startsWith('no data: '));
    expect(said).toEqual([
      'no data: App Service response p95 of westeurope',
      'no data: App Service server errors of westeurope',
      'no data: Cosmos normalised RU of westeurope, eastus',
    ]);
  });

  it('says unknown of everything where there is nothing', () => {
    const lines = linesOf([], 'nothing');
    expect(lines[0]).toBe('? unknown  store');
    expect(lines.filter((line) => line.includes('✓'))).toEqual([]);
  });
});
