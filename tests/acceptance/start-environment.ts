import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { freePorts } from '../support/free-ports.ts';
import { forget } from './support.ts';

export interface StartEnvironment {
  readonly environment: Environment;
  readonly file: string;
  /** Writes the file anew. */
  write(environment: Environment): void;
  close(): void;
}

/** local.json on ports of its own with a load of five seconds, for commands that start the store themselves. */
export async function startEnvironment(what: string): Promise<StartEnvironment> {
  const folder = mkdtempSync(join(tmpdir(), 'start-'));
  const file = join(folder, 'environment.json');
  const environment = withPorts(loadEnvironment('local', {}), `acceptance-${what}-${process.pid}`, await freePorts(6));
  const write = (next: Environment) => writeFileSync(file, JSON.stringify(next));
  write(environment);
  const close = () => {
    rmSync(folder, { recursive: true, force: true });
    forget(environment);
  };
  return { environment, file, write, close };
}

function withPorts(local: Environment, name: string, ports: readonly number[]): Environment {
  const urls = ports.map((port) => `https://localhost:${port}`);
  const next = () => urls.shift() ?? '';
  const control = next();
  return {
    ...local,
    name,
    global: { ...local.global, endpoint: next(), headers: {} },
    auth: { ...local.auth, tokenEndpoint: `${control}/identity/oauth2/v2.0/token` } as Environment['auth'],
    stamps: local.stamps.map((stamp) => ({
      ...stamp,
      endpoint: next(),
      slots: stamp.slots.map((slot) => ({ ...slot, endpoint: next() })),
    })),
    // What is tested is the path; on a busy machine nothing is as fast as it should be.
    budgets: { ...local.budgets, requestMs: 15_000, journeyMs: 40_000 },
    objectives: { ...local.objectives, latencyP95Ms: 10_000, replicationMs: 15_000 },
    load: { ...local.load, ratePerSecond: 20, durationSeconds: 5 },
    telemetry: { connectionString: `InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=${control}/` },
    local: { adminToken: 'secret', seed: 1, timeScale: 60, controlEndpoint: control },
  };
}
