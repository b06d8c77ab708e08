import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
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

export interface Interruption {
  /** Aborts at Ctrl-C or SIGTERM: end what was started and return. */
  readonly signal: AbortSignal;
}

/**
 * Runs a command and sets the process's exit code. Wrong usage or configuration is told without a stack; any other
 * exception with one, as a failure. The second Ctrl-C ends the process at once.
 */
export async function runCommand(main: (interruption: Interruption) => Promise<ExitCode>): Promise<void> {
  const controller = new AbortController();
  const interrupt = () => (controller.signal.aborted ? process.exit(interruptedExit) : controller.abort());
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const code = await main({ signal: controller.signal });
    process.exitCode = controller.signal.aborted ? interruptedExit : code;
  } catch (error) {
    process.exitCode = exitOf(error, controller.signal.aborted);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function exitOf(error: unknown, interrupted: boolean): number {
  // What breaks while a command is torn down is the interruption's doing, not news.
  if (interrupted) return interruptedExit;
  if (error instanceof ConfigurationError) {
    console.error(error.message);
    return 3;
  }
  console.error(error);
  return 1;
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Flags<T extends Options> = ReturnType<
  typeof parseArgs<{ options: T; args: string[]; strict: true; allowPositionals: true }>
>;

/** What every command takes. */
const commonOptions = { env: { type: 'string' } } as const;

/**
 * A command's flags, `--env` among them. Positional arguments are allowed where `positionals` says what they are.
 * @throws ConfigurationError naming every flag that the command doesn't know, and those that it does
 */
export function parseFlags<T extends Options>(
  options: T,
  args = process.argv.slice(2),
  positionals?: string,
): Flags<T & typeof commonOptions> {
  const all = { ...commonOptions, ...options };
  const known = Object.keys(all).map((name) => `--${name}`);
  const { tokens } = parseArgs({ args, options: all, strict: false, tokens: true, allowPositionals: true });
  const faults = tokens.flatMap((token) => {
    if (token.kind === 'positional' && positionals === undefined)
      return [{ path: '', seen: JSON.stringify(token.value), allowed: `flags alone: ${known.join(', ')}` }];
    if (token.kind !== 'option' || Object.hasOwn(all, token.name)) return [];
    const meant = nearest(token.rawName, known);
    return [
      {
        path: token.rawName,
        seen: 'an unknown flag',
        allowed: `${meant ? `${meant} (did you mean it?), or ` : ''}one of ${known.join(', ')}`,
      },
    ];
  });
  if (faults.length > 0) throw new ConfigurationError('The command line', faults);
  try {
    return parseArgs({ args, options: all, strict: true, allowPositionals: true }) as Flags<T & typeof commonOptions>;
  } catch (cause) {
    throw new ConfigurationError('The command line', [{ path: '', seen: (cause as Error).message, allowed: known.join(', ') }], {
      cause,
    });
  }
}
