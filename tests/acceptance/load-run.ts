import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { State } from '../../fixtures/contoso/state.ts';
import { Journal, journalFile } from '../../load/control/journal.ts';
import { type LoadVerdict, loadVerdictSchema } from '../../load/verdict/verdict.ts';
import type { TestStore } from '../support/store.ts';
import { type Command, root, script } from './process.ts';

export const startLoad = (store: TestStore, ...args: readonly string[]): Command =>
  script('load', [...args, '--env', store.environmentFile]);

/** The verdict that a run has left, and its folder taken away. */
export function verdictOf(output: string): LoadVerdict {
  const folder = /^reports: (.*)$/m.exec(output)?.[1];
  if (folder === undefined) throw new Error(`no report:\n${output}`);
  const text = readFileSync(join(root, folder, 'verdict.json'), 'utf8');
  rmSync(join(root, folder), { recursive: true, force: true });
  return loadVerdictSchema.parse(JSON.parse(text));
}

/** On a machine that others keep busy a rate or a latency may tell nothing; what was counted always does. */
export const toldBusy = ({ reasons }: LoadVerdict) =>
  reasons.every((reason) => /generator was (starved|saturated)|samples|iterations were dropped/.test(reason));

export const judgementNamed = ({ judgements }: LoadVerdict, name: string) => judgements.find((one) => one.name === name);

/** Origins, builds by slot and instances, as an operator sees them. */
export async function controlState(store: TestStore) {
  const { frontDoor, stamps, plans } = (await store.admin('GET', '/admin/state')).json as State;
  return {
    origins: frontDoor?.origins.map(({ name, enabled, weight }) => ({ name, enabled, weight })),
    builds: stamps.flatMap(({ name, slots }) => slots.map(({ slot, build }) => `${name} ${slot}: ${build}`)),
    instances: plans.map(({ instances }) => instances.length),
  };
}

export const changesLeft = (store: TestStore) => new Journal(journalFile(store.environment.name)).list();
