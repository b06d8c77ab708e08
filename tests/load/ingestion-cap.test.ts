import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { heldToCap } from '../../scripts/load-report.ts';
import { outboxPath } from '../../telemetry/outbox.ts';
import { acceptAll, type Behaviour, type Ingestion, refuse, startIngestion } from '../support/ingestion.ts';
import { sampleLoad } from '../support/sample-run.ts';

const name = `ingestion-cap-${process.pid}`;
let ingestion: Ingestion;
let environment: Environment;
beforeAll(async () => {
  ingestion = await startIngestion();
  environment = { ...loadEnvironment('local', {}), name, telemetry: { connectionString: ingestion.connectionString } };
});
const forget = () => {
  for (const end of ['', '-wal', '-shm']) rmSync(`${outboxPath(name)}${end}`, { force: true });
};
afterEach(forget);
afterAll(() => ingestion.close());

const refused = (statusCode: number): Behaviour => refuse(() => ({ statusCode, message: 'quota' }));
const down: Behaviour = () => ({ status: 500 });

describe('the daily cap of ingestion', () => {
  it.each([
    { title: 'reached', behaviour: refused(439), given: 'pass', verdict: 'inconclusive' },
    { title: 'reached, by its other status', behaviour: refused(402), given: 'pass', verdict: 'inconclusive' },
    { title: 'reached, with a run that failed', behaviour: refused(439), given: 'fail', verdict: 'fail' },
    { title: 'not reached', behaviour: acceptAll, given: 'pass', verdict: 'pass' },
    { title: 'not known of, where nothing is taken', behaviour: down, given: 'pass', verdict: 'pass' },
  ] as const)('$title: $verdict', async ({ behaviour, given, verdict }) => {
    ingestion.behave(behaviour);
    const seen = sampleLoad({ verdict: given, reasons: given === 'fail' ? ['errors'] : [] });
    const held = await heldToCap(environment, seen);
    expect(held.verdict).toBe(verdict);
    expect(held.verdict === 'inconclusive').toBe(/^the daily cap of ingestion was reached/.test(held.reasons[0] ?? ''));
    expect(ingestion.requests.flat().at(-1)?.data.baseData.name).toBe('load run');
  });
});
