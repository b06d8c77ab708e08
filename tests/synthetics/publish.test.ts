import { mkdirSync, rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import { publish } from '../../synthetics/publish.ts';
import { closeExporter } from '../../telemetry/application-insights.ts';
import { outboxPath } from '../../telemetry/outbox.ts';
import { type Ingestion, idOf, startIngestion } from '../support/ingestion.ts';
import { results } from '../support/results.ts';

const name = `publish-${process.pid}`;
const round = { results: results(3), evidence: new Map<string, unknown>() };
let ingestion: Ingestion;
const environment = (telemetry: { connectionString?: string }) => ({ ...loadEnvironment('local', {}), name, telemetry });

beforeAll(async () => {
  ingestion = await startIngestion();
});
afterAll(async () => {
  await closeExporter();
  await ingestion.close();
});
// A folder where the file should be: a disk that takes nothing.
beforeEach(() => mkdirSync(outboxPath(name), { recursive: true }));
afterEach(() => {
  rmSync(outboxPath(name), { recursive: true });
  vi.restoreAllMocks();
});

test('results that the disk does not take go out from memory, and that is said', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const delivery = await publish(environment({ connectionString: ingestion.connectionString }), round);
  expect(delivery).toMatchObject({ accepted: 3, undelivered: 0 });
  expect(ingestion.accepted.map(idOf)).toEqual(results(3).map(({ id }) => id));
  expect(said.mock.calls).toEqual([[expect.stringMatching(/^results are not kept, .+: cannot open the outbox /)]]);
});

test('results that can neither be kept nor go anywhere are an error', async () => {
  await expect(publish(environment({}), round)).rejects.toThrow(/cannot open the outbox/);
});
