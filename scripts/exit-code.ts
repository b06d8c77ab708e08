import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ConfigurationError, type Fault, UsageError } from '../fixtures/environments/errors.ts';
import { nearest } from '../fixtures/environments/nearest.ts';

/** 0 pass, 1 fail, 2 inconclusive, 3 wrong usage or configuration. */
export type ExitCode = 0 | 1 | 2 | 3;

/** The worst part decides: what could not be configured says least, a failure outweighs a doubt. */
const worstFirst = [3, 1, 2, 0] as const;

export function worstExit(codes: readonly ExitCode[]): ExitCode {
  return worstFirst.find((code) => codes.includes(code)) ?? 0;
}

/** The code that shells expect of a process ended by Ctrl-C: 128 + SIGINT. */
const interruptedExit = 130;

/** A terminal's Ctrl-C also comes by way of npm and the set-up, which pass it on: within this time it is one and the same. */
const sameInterruptMs = 500;

export interface Interruption {
  /** Aborts at Ctrl-C or SIGTERM: end what was started and return. */
  readonly signal: AbortSignal;
}

/**
 * Runs a command and sets the process's exit code. Wrong usage or configuration (`UsageError`) is told without a stack, as
 * 3; any other exception with one, as a failure. The second Ctrl-C ends the process at once.
 */
export async function runCommand(main: (interruption: Interruption) => Promise<ExitCode>): Promise<void> {
  const controller = new AbortController();
  let interruptedAt = 0;
  const interrupt = () => {
    if (!controller.signal.aborted) {
      interruptedAt = performance.now();
      controller.abort();
    } else if (performance.now() - interruptedAt > sameInterruptMs) process.exit(interruptedExit);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const code = await main({ signal: controller.signal });
    process.exitCode = controller.signal.aborted ? interruptedExit : code;
  } catch (error) {
    // What breaks while a command is torn down is the interruption's doing, not news.
    process.exitCode = controller.signal.aborted ? interruptedExit : exitOf(error);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** The exit code of a command that threw; tells why. */
export function exitOf(error: unknown, say: (what: unknown) => void = console.error): ExitCode {
  const isUsage = error instanceof UsageError;
  say(isUsage ? error.message : error);
  return isUsage ? 3 : 1;
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Flags<T extends Options> = ReturnType<
  typeof parseArgs<{ options: T; args: string[]; strict: true; allowPositionals: true }>
>;

/** Of an availability result. */
export const exitOfOutcome = { passed: 0, failed: 1, inconclusive: 2 } as const;

/** What every command takes. */
const commonOptions = { env: { type: 'string' } } as const;

/**
 * A command's flags, `--env` among them. Positional arguments are allowed where `positionals` says what they are.
 * @throws ConfigurationError naming every flag that the command doesn't know or that is used wrongly, and what is allowed
 */
export function parseFlags<T extends Options>(
  options: T,
  args = process.argv.slice(2),
  positionals?: string,
): Flags<T & typeof commonOptions> {
  const all = { ...commonOptions, ...options };
  const { tokens } = parseArgs({ args, options: all, strict: false, tokens: true, allowPositionals: true });
  const faults = tokens.flatMap((token) => faultOf(token, all, positionals !== undefined) ?? []);
  if (faults.length > 0) throw new ConfigurationError('The command line', faults);
  return parseArgs({ args, options: all, strict: true, allowPositionals: true }) as Flags<T & typeof commonOptions>;
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

function faultOf(token: Token, all: Options, takesPositionals: boolean): Fault | undefined {
  const known = Object.keys(all).map((name) => `--${name}`);
  if (token.kind === 'positional' && !takesPositionals)
    return { path: '', seen: JSON.stringify(token.value), allowed: `flags alone: ${known.join(', ')}` };
  if (token.kind !== 'option') return undefined;
  const { rawName: path, name, value, inlineValue } = token;
  if (!Object.hasOwn(all, name)) {
    const meant = nearest(path, known);
    const allowed = `${meant ? `${meant} (did you mean it?), or ` : ''}one of ${known.join(', ')}`;
    return { path, seen: 'an unknown flag', allowed };
  }
  if (all[name]?.type === 'boolean')
    return value === undefined ? undefined : { path, seen: JSON.stringify(value), allowed: 'the flag alone' };
  // What begins with a dash is more likely the next flag than a value.
  const isNext = !inlineValue && value !== undefined && value.length > 1 && value.startsWith('-');
  if (isNext) return { path, seen: `${JSON.stringify(value)}, which looks like a flag`, allowed: `${path} <value>` };
  // A variable of a script that was never set, most likely: what the flag is left out for is not what was meant.
  return value ? undefined : { path, seen: value === '' ? '""' : 'no value', allowed: `${path} <value>` };
}
