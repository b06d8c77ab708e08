import { expect, test } from 'vitest';
import { targetsOf } from '../../fixtures/environments/targets.ts';
import { journeys } from '../../synthetics/journeys/index.ts';
import { checksOf } from '../../synthetics/runners/prepare.ts';
import { environmentWith } from '../monitor/checks.ts';

test('a custom domain is a target of its own, that every journey of the global endpoint is run against', () => {
  const { global, ...rest } = environmentWith();
  if (!global) throw new Error('no global endpoint');
  const environment = { ...rest, global: { ...global, customDomain: 'https://shop.contoso.example' } };
  const { checks } = checksOf(environment, targetsOf(environment));
  const on = (name: string) => checks.filter(({ target }) => target.name === name);
  expect(on('custom-domain').map(({ journey }) => journey.name)).toEqual(on('global').map(({ journey }) => journey.name));
  expect(on('custom-domain')).toHaveLength(journeys.length);
  for (const { target } of on('custom-domain'))
    expect(target).toMatchObject({ kind: 'global', endpoint: 'https://shop.contoso.example' });
});
