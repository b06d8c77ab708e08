import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { fileOf } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { readVariables, type Variables } from '../fixtures/environments/variables.ts';

const folder = join(__dirname, '..', 'fixtures', 'environments');

/** Folders whose environments may share something with this one: the suite's own, and that of the file that is run. */
export function besides(nameOrPath?: string): readonly string[] {
  return [...new Set([folder, ...(nameOrPath === undefined ? [] : [dirname(fileOf(nameOrPath))])])];
}

/**
 * Marks plans and Cosmos accounts that a production environment beside this one names by the same ARM id: nobody has to
 * remember to say so.
 */
export function withShared(
  environment: Environment,
  variables: Variables = readVariables(),
  from: readonly string[] = besides(),
): Environment {
  const isShared = sharedBy(variables, from);
  const marked = <T extends { readonly resourceId?: string | undefined; readonly servesProduction: boolean }>(one: T): T => ({
    ...one,
    servesProduction: one.servesProduction || isShared(one.resourceId),
  });
  return { ...environment, plans: environment.plans.map(marked), cosmosAccounts: environment.cosmosAccounts.map(marked) };
}

/** Tells ids that a production environment names. */
export function sharedBy(
  variables: Variables = readVariables(),
  from: readonly string[] = besides(),
): (resourceId: string | undefined) => boolean {
  const ids = productionIds(from, variables);
  return (resourceId) => ids.has(normal(resourceId, variables));
}

/** ARM ids know no case; a variable that isn't set stays as it is written, and is the same in both files. */
function normal(id: string | undefined, variables: Variables): string {
  return (id ?? '').replace(/\$\{(\w+)\}/g, (whole, name: string) => variables[name] ?? whole).toLowerCase();
}

interface Document {
  readonly production?: unknown;
  readonly global?: { readonly originGroupId?: string };
  readonly stamps?: readonly { readonly resourceId?: string }[];
  readonly plans?: readonly { readonly resourceId?: string }[];
  readonly cosmosAccounts?: readonly { readonly resourceId?: string }[];
}

function productionIds(from: readonly string[], variables: Variables): ReadonlySet<string> {
  const files = from
    .flatMap((each) => readdirSync(each).map((name) => join(each, name)))
    .filter((file) => file.endsWith('.json'));
  const shared = files.map(documentIn).flatMap(({ production, global, stamps, plans, cosmosAccounts }) => {
    const lists = [stamps, plans, cosmosAccounts].flatMap((list) => (Array.isArray(list) ? list : []));
    return production === true ? [{ resourceId: global?.originGroupId }, ...lists] : [];
  });
  return new Set(shared.flatMap(({ resourceId }) => (resourceId ? normal(resourceId, variables) : [])));
}

/** A folder of the user's own may hold other files, such as one with comments; the suite's holds environments alone. */
const speaksOfStamps = /"(production|stamps|plans|cosmosAccounts)"/;

/** What can't be read may be production's, and what it shares isn't known: no load then. */
function documentIn(file: string): Document {
  let text = '';
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    return (JSON.parse(text) as Document | null) ?? {};
  } catch (cause) {
    if (dirname(file) !== folder && !speaksOfStamps.test(text)) return {};
    const allowed = 'an environment file: it may be of production, and share a plan or a Cosmos account with what is loaded';
    throw new ConfigurationError(file, [{ path: '', seen: 'no JSON that can be read', allowed }], { cause });
  }
}
