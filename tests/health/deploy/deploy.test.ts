import { afterEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../fixtures/environments/errors.ts';
import type { Environment } from '../../../fixtures/environments/schema.ts';
import { templatesOf } from '../../../health/deploy/generate.ts';
import { changeLines, WhatIfError } from '../../../health/deploy/what-if.ts';
import { deployTemplates, parametersOf } from '../../../scripts/health-deploy.ts';
import { createArm } from '../../../telemetry/arm.ts';
import { type FakeArm, startArm } from './arm.ts';
import { example, subscription } from './example.ts';

const webhook = { url: 'https://pager.example/hook?key=secret', timeoutMs: 5_000, attempts: 3 };
const environment = example((document) => {
  document.alerts.webhook = webhook;
});
const group = `/subscriptions/${subscription}/resourceGroups/shop-global/providers/Microsoft.Resources/deployments/`;

let arm: FakeArm | undefined;
afterEach(() => arm?.close());

async function deploy(isWhatIf: boolean, changes?: unknown, refuse?: string) {
  arm = await startArm(changes, refuse);
  const lines: string[] = [];
  const credential = { getToken: async () => ({ token: 'of-the-test', expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  const code = await deployTemplates({
    arm: createArm({ endpoint: arm.endpoint, credential, sleep: async () => undefined }),
    environment,
    given: parametersOf(environment),
    isWhatIf,
    signal: new AbortController().signal,
    say: (line) => lines.push(line),
  });
  return { code, lines, asked: arm.asked };
}

describe('health -- deploy', () => {
  it('puts every template in its order, and waits for each', async () => {
    const { code, lines, asked } = await deploy(false);
    const names = templatesOf(environment).map(({ name }) => name);
    expect(code).toBe(0);
    expect(asked.map(({ method, path }) => [method, path])).toEqual(
      names.map((name) => ['PUT', `${group}contoso-production-${name}?api-version=2021-04-01`]),
    );
    expect(lines.map((line) => line.split(':')[0])).toEqual(names);
    expect(asked[0]?.body.properties).toMatchObject({ mode: 'Incremental', template: templatesOf(environment)[0]?.template });
  });

  it('gives each template the parameters that it has, and no others', async () => {
    const { asked } = await deploy(false);
    for (const { body } of asked) {
      const { template, parameters } = body.properties;
      const declared = Object.keys((template as { parameters: object }).parameters);
      expect(declared).toEqual(expect.arrayContaining(Object.keys(parameters)));
    }
    const given = Object.assign({}, ...asked.map(({ body }) => body.properties.parameters)) as Record<string, { value: unknown }>;
    expect(given).toMatchObject({ subscriptionId: { value: subscription }, webhookUrl: { value: webhook.url } });
    expect(given.headers?.value).toMatchObject({
      'eastus-blue': expect.arrayContaining([{ key: 'x-azure-fdid', value: 'FRONT_DOOR_ID' }]),
      global: expect.arrayContaining([{ key: 'x-synthetic-test', value: 'true' }]),
    });
  });

  it('ends at the first that fails, and says which and why', async () => {
    const { code, lines, asked } = await deploy(false, undefined, 'alerts');
    expect(code).toBe(1);
    expect(asked).toHaveLength(2);
    expect(lines.at(-1)).toBe('alerts: DeploymentFailed: the alias is taken');
  });

  it('tells with --what-if what would change, and changes nothing', async () => {
    const resourceId = `/subscriptions/${subscription}/resourceGroups/shop-global/providers/Microsoft.Insights/actionGroups/a`;
    const delta = [
      {
        path: 'properties',
        propertyChangeType: 'Modify',
        children: [{ path: 'enabled', propertyChangeType: 'Modify', before: false, after: 'SECRET' }],
      },
    ];
    const changes = [
      { resourceId, changeType: 'Modify', delta },
      { resourceId: resourceId.replace(/a$/, 'b'), changeType: 'Create' },
      { resourceId: resourceId.replace(/a$/, 'c'), changeType: 'Ignore' },
    ];
    const { code, lines, asked } = await deploy(true, { status: 'Succeeded', properties: { changes } });
    expect(code).toBe(0);
    expect(asked.every(({ method, path }) => method === 'POST' && path.includes('/whatIf?'))).toBe(true);
    expect(lines.slice(0, 4)).toEqual([
      'functions:',
      '  ~ modify Microsoft.Insights/actionGroups/a',
      '      properties.enabled: modify',
      '  + create Microsoft.Insights/actionGroups/b',
    ]);
    expect(lines.join()).not.toContain('SECRET');
  });

  it('is inconclusive where a what-if has no answer', async () => {
    const { code, lines } = await deploy(true, { status: 'Failed', error: { code: 'InvalidTemplate', message: 'line 3' } });
    expect(code).toBe(2);
    expect(lines).toEqual(["functions: What would change isn't known: Failed: InvalidTemplate: line 3"]);
  });
});

describe('lines of a what-if', () => {
  it('say nothing where nothing changes, and never where it is not known', () => {
    expect(changeLines({ status: 'Succeeded', properties: { changes: [] } })).toEqual(['  nothing']);
    for (const answer of [undefined, {}, { status: 'Succeeded' }, { status: 'Succeeded', properties: {} }])
      expect(() => changeLines(answer)).toThrow(WhatIfError);
  });
});

describe('what is missing is named', () => {
  const faultsOf = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      if (error instanceof ConfigurationError) return error.faults.map(({ path, seen }) => `${path}: ${seen}`);
      throw error;
    }
    return [];
  };
  const without: readonly (readonly [string, (document: Environment) => void, readonly string[]])[] = [
    ['a workspace', (d) => d.telemetry.workspaces?.splice(1, 1), ['telemetry.workspaces: none called westeurope']],
    [
      'all of it',
      (d) => {
        d.telemetry = {};
      },
      [
        ...['global', 'westeurope', 'eastus', 'southeastasia'].map((name) => `telemetry.workspaces: none called ${name}`),
        'telemetry.resourceId: nothing',
      ],
    ],
    [
      'a name that no health model may have',
      (d) => {
        d.name = `p${'-x'.repeat(18)}`;
      },
      ['name: 37 characters'],
    ],
  ];
  it.each(without)('%s', (_, change, faults) => {
    expect(faultsOf(() => templatesOf(example(change)))).toEqual(faults);
  });

  it('the webhook, to deploy alone', () => {
    expect(faultsOf(() => parametersOf(example()))).toEqual(['alerts.webhook.url: nothing']);
    expect(faultsOf(() => templatesOf(example()))).toEqual([]);
  });
});
