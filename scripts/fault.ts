import { Agent, request } from 'undici';
import { z } from 'zod';
import { fieldsOf, rows } from '../fixtures/contoso/fault-table.ts';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';
import { caFileOf, detectStore, LocalStoreError } from './local-store.ts';

const usage = `npm run fault -- <kind> [--region …] [--stamp …] [--seconds 60] …   switch a fault on; it ends by itself
npm run fault -- --list                                            faults in force
npm run fault -- --clear [<id>]                                    end one, or all`;

const faultSchema = z.looseObject({ id: z.string(), kind: z.string(), endsAt: z.number() });
const clearedSchema = z.object({ cleared: z.number() });
const refusalSchema = z.object({
  error: z.object({
    message: z.string(),
    details: z.array(z.object({ path: z.string(), seen: z.string(), allowed: z.string() })).default([]),
  }),
});

/** `delayMs` is written `--delay-ms`. */
const flagOf = (field: string) => field.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
const fields = Object.keys(fieldsOf(undefined)).filter((field) => field !== 'kind');
const switches = ['reset', 'garbage'];

async function fault(): Promise<ExitCode> {
  const options = Object.fromEntries(
    fields.map((field) => [flagOf(field), { type: switches.includes(field) ? 'boolean' : 'string' } as const]),
  );
  const { values, positionals } = parseFlags(
    { ...options, list: { type: 'boolean' }, clear: { type: 'boolean' } },
    undefined,
    'a kind',
  );
  const given: Readonly<Record<string, unknown>> = values;
  const environment = loadEnvironment(values.env);
  const admin = await adminOf(environment);
  if (given.list) return print(await admin('GET', ''));
  if (given.clear) return printCleared(await admin('DELETE', positionals[0] ? `/${positionals[0]}` : ''));
  if (positionals.length !== 1) {
    console.error(
      `${usage}\n\nkinds:\n${Object.entries(rows)
        .map(([kind, row]) => `  ${kind.padEnd(28)}${row.what}`)
        .join('\n')}`,
    );
    return 3;
  }
  const entries = fields.flatMap((field) =>
    given[flagOf(field)] === undefined ? [] : [[field, figureOf(given[flagOf(field)])]],
  );
  return print(await admin('POST', '', { kind: positionals[0], ...Object.fromEntries(entries) }));
}

/** A figure where it is one; anything else goes as it is, so that the store says what is allowed. */
function figureOf(given: unknown): unknown {
  return typeof given === 'string' && given.trim() !== '' && Number.isFinite(Number(given)) ? Number(given) : given;
}

type Answer = unknown;

/** The store is on this machine. */
const answerLimitMs = 5_000;

async function adminOf(
  environment: Environment,
): Promise<(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => Promise<Answer>> {
  const { local } = environment;
  const state = await detectStore(environment);
  if (!local || state.kind !== 'running')
    throw new LocalStoreError(`the store of environment ${environment.name} isn't running: npm run local starts it`);
  trustCertificates(caFileOf(environment));
  const dispatcher = new Agent({ keepAliveTimeout: 1 });
  return async (method, path, body) => {
    const headers = { authorization: `Bearer ${local.adminToken}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const url = `${local.controlEndpoint}/admin/faults${path}`;
    const { status, text } = await answered(url, { method, dispatcher, headers, ...sent });
    const answer: unknown = text === '' ? undefined : JSON.parse(text);
    if (status < 400) return answer;
    const { error } = refusalSchema.parse(answer);
    const details =
      error.details.length > 0
        ? error.details
        : [{ path: path.slice(1), seen: error.message, allowed: 'see npm run fault -- --list' }];
    throw new ConfigurationError('The fault', details);
  };
}

async function answered(url: string, options: Parameters<typeof request>[1]): Promise<{ status: number; text: string }> {
  try {
    const reply = await request(url, { ...options, signal: AbortSignal.timeout(answerLimitMs) });
    return { status: reply.statusCode, text: await reply.body.text() };
  } catch (cause) {
    const { name, message } = cause as Error;
    const why = name === 'TimeoutError' ? `within ${answerLimitMs / 1_000} s` : `(${message})`;
    throw new LocalStoreError(`${url} did not answer ${why}: the fault may be in force or not`, { cause });
  }
}

function print(answer: Answer): ExitCode {
  const one = faultSchema.safeParse(answer);
  const many = z.object({ items: z.array(faultSchema) }).safeParse(answer);
  const faults = one.success ? [one.data] : many.success ? many.data.items : undefined;
  if (!faults) throw new LocalStoreError(`the store answered what is no fault: ${JSON.stringify(answer)}`);
  if (faults.length === 0) console.log('no faults in force');
  for (const { id, kind, endsAt, ...rest } of faults) {
    const seconds = Math.max(0, Math.round((endsAt - Date.now()) / 1_000));
    console.log(`${id} ${kind} ${JSON.stringify(rest)}, ends in ${seconds} s`);
  }
  return 0;
}

/** One that was named has no count. */
function printCleared(answer: Answer): ExitCode {
  const { cleared } = answer === undefined ? { cleared: 1 } : clearedSchema.parse(answer);
  console.log(cleared === 0 ? 'no faults were in force' : `${cleared} ${cleared === 1 ? 'fault' : 'faults'} cleared`);
  return 0;
}

void runCommand(fault);
