import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { typescript } from '../../scripts/typescript.ts';
import { type AvailabilityResult, availabilityResultSchema } from '../../synthetics/result.ts';
import { outboxPath } from '../../telemetry/outbox.ts';
import { startTestStore } from '../support/store.ts';

export const root = join(__dirname, '..', '..');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command to its end, whatever its exit code. */
export function runNode(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...args], { cwd: root, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, stdout, stderr });
    });
  });
}

export interface Round extends Ended {
  /** Where traces and attachments went, and the HTML report. */
  readonly output: string;
  readonly report: string;
  readonly results: readonly AvailabilityResult[];
  readonly leftOut: readonly string[];
}

/** A test store and an environment file that names it and nothing to start: commands take it as any other store. */
export async function startLive(name: string, change: (environment: Environment) => Environment = (e) => e) {
  const store = await startTestStore({ change });
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const { local: _, ...described } = store.environment;
  // Time for a busy machine: nothing here waits for a limit.
  const rest = {
    ...described,
    budgets: { ...described.budgets, requestMs: 20_000, journeyMs: 60_000 },
    objectives: { ...described.objectives, replicationMs: 15_000 },
  };
  let files = 0;
  const fileOf = (changed: object = {}): string => {
    files += 1;
    const file = join(folder, `environment-${files}.json`);
    writeFileSync(file, JSON.stringify({ ...rest, name, ...changed }));
    return file;
  };
  const environmentFile = fileOf();
  const variables = { SSL_CERT_FILE: store.caFile, TARGET_ENV: environmentFile };
  return {
    name,
    store,
    folder,
    environmentFile,
    fileOf,
    variables,
    faults: async (...faults: readonly object[]) => {
      await store.admin('DELETE', '/admin/faults');
      for (const fault of faults) await store.admin('POST', '/admin/faults', fault);
    },
    script: (script: string, ...args: readonly string[]) =>
      runNode([...typescript, join(root, 'scripts', script), ...args], variables),
    playwright: (args: readonly string[], env: Record<string, string> = {}) => playwright(folder, args, { ...variables, ...env }),
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${outboxPath(name)}${suffix}`, { force: true });
    },
  };
}

export type Live = Awaited<ReturnType<typeof startLive>>;

/** `npx playwright test` with folders of its own. */
async function playwright(parent: string, args: readonly string[], env: Record<string, string>): Promise<Round> {
  const folder = mkdtempSync(join(parent, 'round-'));
  const [output, report, file] = ['test-results', 'playwright-report', 'results.json'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const cli = join(root, 'node_modules/@playwright/test/cli.js');
  const own = { PLAYWRIGHT_HTML_OUTPUT_DIR: report, RESULTS_FILE: file };
  const ended = await runNode([cli, 'test', '--output', output, ...args], { ...env, ...own });
  const round = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { results: unknown[]; leftOut: string[] })
    : undefined;
  const results = (round?.results ?? []).map((result) => availabilityResultSchema.parse(result));
  return { ...ended, output, report, results, leftOut: round?.leftOut ?? [] };
}

/** Every file below a folder. */
export const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
