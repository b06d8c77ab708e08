import { loadEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { putBack } from '../load/control/control.ts';
import { Journal, journalFile } from '../load/control/journal.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { armOf } from './azure.ts';
import { lockControl } from './control.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';
import { caFileOf, detectStore } from './local-store.ts';

/**
 * `npm run restore [-- --env <name or path>]`: puts back what a killed run changed: slots, origins, instance counts.
 * Exit codes: 0 all is as it was, 1 something couldn't be put back, 3 wrong usage or configuration.
 */
async function restore(): Promise<ExitCode> {
  const { values } = parseFlags({});
  const environment = loadEnvironment(values.env);
  const unlock = lockControl(environment);
  try {
    const journal = new Journal(journalFile(environment.name));
    if (journal.list().length === 0) return told('nothing to put back');
    if (await isGone(environment)) {
      for (const change of journal.list()) journal.remove(change);
      return told('the local store that was changed has ended, and its changes with it');
    }
    const { done, failed } = await putBack(await armOf(environment), journal);
    for (const line of done) console.log(line);
    for (const line of failed) console.error(`not put back: ${line}`);
    return failed.length > 0 ? 1 : 0;
  } finally {
    unlock();
  }
}

function told(line: string): 0 {
  console.log(line);
  return 0;
}

/** A local store keeps nothing: one that isn't running has no changes. Starting one to look would show a new one. */
async function isGone(environment: Environment): Promise<boolean> {
  trustCertificates();
  if (!environment.local) return false;
  const { kind } = await detectStore(environment);
  if (kind === 'running') trustCertificates(caFileOf(environment));
  return kind === 'absent';
}

void runCommand(restore);
