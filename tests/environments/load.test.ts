import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { notApplicable } from '../../fixtures/environments/applies.ts';
import { journeyNames } from '../../fixtures/environments/journeys.ts';
import { environmentJsonSchema, fieldsOf } from '../../fixtures/environments/json-schema.ts';
import { environmentNames, loadEnvironment } from '../../fixtures/environments/load.ts';
import { nearest } from '../../fixtures/environments/nearest.ts';
import { readVariables } from '../../fixtures/environments/variables.ts';
import { schemaText } from '../../scripts/generated.ts';
import { journeys } from '../../synthetics/journeys/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'environments-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const environments = join(__dirname, '../../fixtures/environments');

const variables = {
  AZURE_TENANT_ID: 'tenant',
  AZURE_SUBSCRIPTION_ID: 'subscription',
  SYNTHETICS_CLIENT_ID: 'client',
  SYNTHETICS_CLIENT_SECRET: 'secret',
  FRONT_DOOR_ID: 'door',
  APPLICATIONINSIGHTS_CONNECTION_STRING: 'InstrumentationKey=1',
};

describe('an environment', () => {
  it('loads each shipped file by its name', () => {
    expect(environmentNames()).toEqual(['devtest', 'local', 'local-preprod', 'production']);
    for (const name of environmentNames()) {
      const environment = loadEnvironment(name, variables);
      expect(environment.name).toBe(name);
      // Playwright's workers are handed it as JSON.
      expect(JSON.parse(JSON.stringify(environment))).toEqual(environment);
    }
  });

  it('comes from the flag, then TARGET_ENV, then local', () => {
    const named = { ...variables, TARGET_ENV: 'devtest' };
    expect(loadEnvironment('production', named).name).toBe('production');
    expect(loadEnvironment(undefined, named).name).toBe('devtest');
    expect(loadEnvironment('', { ...variables, TARGET_ENV: '' }).name).toBe('local');
  });

  it('loads from a path outside the folder', () => {
    expect(loadEnvironment(join(environments, 'local.json'), {}).stamps).toHaveLength(2);
  });

  it('takes the connection string of the variable over the file’s', () => {
    expect(loadEnvironment('local', variables).telemetry.connectionString).toBe('InstrumentationKey=1');
    expect(loadEnvironment('local', {}).telemetry.connectionString).toContain('localhost');
  });

  it('puts variables into texts', () => {
    const { auth, stamps } = loadEnvironment('production', variables);
    expect(auth).toMatchObject({
      clientSecret: 'secret',
      tokenEndpoint: 'https://login.microsoftonline.com/tenant/oauth2/v2.0/token',
    });
    expect(stamps[0]?.headers).toEqual({ 'x-azure-fdid': 'door' });
  });

  it.each([
    ['an unknown name', 'lokal', 'local (did you mean it?), or one of devtest, local, local-preprod, production'],
    ['a name far from all', 'qqqqqqqq', 'allowed: one of devtest, local, local-preprod, production'],
    ['the schema’s own name', 'environment.schema', 'one of devtest, local, local-preprod, production'],
    ['a file that is not there', './nowhere.json', 'got no file there'],
    ['a directory', `${environments}/`, 'got a directory'],
  ])('refuses %s', (_, name, message) => expect(() => loadEnvironment(name, {})).toThrow(message));
});

describe('variables', () => {
  const file = join(folder, '.env');
  it('come from the process over .env, empty ones unset', () => {
    writeFileSync(file, 'A=file\nB=file\nC=\nD="with # sign"\n');
    expect(readVariables({ A: 'process', B: '' }, file)).toEqual({ A: 'process', B: 'file', D: 'with # sign' });
  });
  it('do without .env', () => expect(readVariables({ A: '1' }, join(folder, 'none'))).toEqual({ A: '1' }));
  it('refuse a .env that is a directory', () => expect(() => readVariables({}, folder)).toThrow(/can't be read \(EISDIR\)/));
});

describe('what derives from one source', () => {
  it('names the journeys that synthetics has', () => expect([...journeyNames]).toEqual(journeys.map(({ name }) => name)));
  it('keeps the JSON Schema file that zod generates', () => {
    expect(readFileSync(join(environments, 'environment.schema.json'), 'utf8')).toBe(schemaText());
  });
  it('describes every field, for editors and docs', () => {
    const undescribed = fieldsOf(environmentJsonSchema()).filter(({ description }) => description === '');
    expect(undescribed.map(({ path }) => path)).toEqual([]);
  });
  it('says what does not apply to dev/test', () => {
    expect(notApplicable(loadEnvironment('devtest', variables)).map(({ what, why }) => `${what}: ${why}`)).toEqual([
      'autoscale: no plan scales by itself (B1)',
      'slots: B1 has no slots',
      'global endpoint: the environment has none',
      'replication: there is one region',
      'provisioned throughput: serverless Cosmos accounts have none',
    ]);
    expect(notApplicable(loadEnvironment('local', {}))).toEqual([]);
  });
  it.each([
    ['stmps', 'stamps'],
    ['STAMPS', 'stamps'],
    ['zzz', undefined],
  ])('takes %s for %s', (word, meant) => expect(nearest(word, ['stamps', 'plans'])).toBe(meant));
});
