import { describe, expect, test } from 'vitest';
import { createResources } from '../../../fixtures/contoso/azure/arm/resources.ts';
import { loadEnvironment } from '../../../fixtures/environments/load.ts';
import { contosoOptionsOf } from '../../../scripts/local-store.ts';
import { contoso } from '../monitor/support.ts';

const resources = createResources(contoso);

describe('resources', () => {
  test('of local.json have the ids that the file names', () => {
    const environment = loadEnvironment('local', {});
    const local = createResources(contosoOptionsOf(environment));
    for (const { name, resourceId } of environment.plans) expect(resourceId).toBe(local.plan(name).id);
    for (const { name, resourceId } of environment.cosmosAccounts) expect(resourceId).toBe(local.cosmos(name).id);
    for (const { name, resourceId } of environment.stamps) expect(resourceId).toBe(local.site(name).id);
    expect(environment.global?.originGroupId).toBe(`${local.frontDoor.id}/originGroups/shop`);
  });

  test.each([
    ['a plan', resources.plan('plan-eus'), 'rg-contoso-eastus/providers/Microsoft.Web/serverfarms/plan-eus', 'eastus'],
    ['a site', resources.site('eastus'), 'rg-contoso-eastus/providers/Microsoft.Web/sites/contoso-eastus', 'eastus'],
    [
      'a slot',
      resources.site('westeurope', 'staging'),
      'rg-contoso-westeurope/providers/Microsoft.Web/sites/contoso-westeurope/slots/staging',
      'westeurope',
    ],
    [
      'an autoscale setting',
      resources.autoscale('plan-weu'),
      'rg-contoso-westeurope/providers/Microsoft.Insights/autoscaleSettings/plan-weu-autoscale',
      'westeurope',
    ],
    [
      'an account',
      resources.cosmos('contoso'),
      'rg-contoso-global/providers/Microsoft.DocumentDB/databaseAccounts/contoso',
      'global',
    ],
    ['Front Door', resources.frontDoor, 'rg-contoso-global/providers/Microsoft.Cdn/profiles/contoso', 'global'],
    ['a vault', resources.vault('eastus'), 'rg-contoso-eastus/providers/Microsoft.KeyVault/vaults/contoso-eastus', 'eastus'],
  ])('%s stands in its region’s group and workspace, or the global one', (_what, { id, workspace }, path, expected) => {
    expect(id).toBe(`/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/${path}`);
    expect(workspace).toBe(expected);
  });

  // Source: ARM ids are case-insensitive (resource naming rules).
  test('are found by their id in any case, each once', () => {
    for (const { id } of resources.all) expect(resources.find(id.toUpperCase())?.id).toBe(id);
    expect(new Set(resources.all.map(({ id }) => id)).size).toBe(resources.all.length);
    expect(resources.find('/subscriptions/nothing')).toBeUndefined();
  });

  test('leave out what the environment doesn’t have', () => {
    const { globalPort: _, ...rest } = contoso;
    expect(resources.find(resources.autoscale('plan-eus').id)).toBeUndefined();
    expect(createResources(rest).find(resources.frontDoor.id)).toBeUndefined();
  });
});
