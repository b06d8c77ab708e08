import { expect, test } from 'vitest';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import { notesOf } from '../../scripts/start-notes.ts';

const variables = Object.fromEntries(
  ['AZURE_TENANT_ID', 'AZURE_SUBSCRIPTION_ID', 'SYNTHETICS_CLIENT_ID', 'SYNTHETICS_CLIENT_SECRET', 'FRONT_DOOR_ID'].map(
    (name) => [name, name],
  ),
);
const connectionString = 'InstrumentationKey=00000000-0000-0000-0000-000000000000';
const named = (name: string) => loadEnvironment(name, { ...variables, APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString });

test.each([
  ['local', []],
  ['production', ['not run: load, since this is production']],
  [
    'devtest',
    [
      'does not apply: autoscale, since no plan scales by itself (B1)',
      'does not apply: slots, since B1 has no slots',
      'does not apply: global endpoint, since the environment has none',
      'does not apply: replication, since there is one region',
      'does not apply: provisioned throughput, since serverless Cosmos accounts have none',
    ],
  ],
])('npm start says of %s what it leaves out: %j', (name, notes) => {
  expect(notesOf(named(name))).toEqual(notes);
});
