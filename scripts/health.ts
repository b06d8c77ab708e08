import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { type ExitCode, type Interruption, runCommand } from './exit-code.ts';

type Command = (interruption: Interruption, args: readonly string[]) => Promise<ExitCode>;

/** `npm run health -- <name>`; without a name the picture. Each is loaded when it is asked for. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  picture: async () => (await import('./health-picture.ts')).picture,
  gate: async () => (await import('./health-gate.ts')).gateCommand,
  generate: async () => (await import('./health-deploy.ts')).generateCommand,
  deploy: async () => (await import('./health-deploy.ts')).deployCommand,
};

async function health(interruption: Interruption): Promise<ExitCode> {
  const [first, ...rest] = process.argv.slice(2);
  const isNamed = first !== undefined && !first.startsWith('-');
  const name = isNamed ? first : 'picture';
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) {
    const allowed = `one of ${Object.keys(commands).join(', ')}; none: picture`;
    throw new ConfigurationError('The command line', [{ path: '', seen: JSON.stringify(name), allowed }]);
  }
  return (await load())(interruption, isNamed ? rest : process.argv.slice(2));
}

void runCommand(health);
