import { type LoadEnvironment, parseEnvironment } from './environment.ts';

/** The environment that TARGET_ENV names, by name or path, default `local`. k6 allows this in the init context alone. */
export function openEnvironment(): LoadEnvironment {
  return parseEnvironment(textOf(__ENV.TARGET_ENV || 'local'), __ENV);
}

function textOf(wanted: string): string {
  const named = (file: string) => import.meta.resolve(`../../fixtures/environments/${file}`);
  // k6 would take a relative path as one beside the script; a person means one beside where they are.
  const files = /[\\/]|\.json$/.test(wanted)
    ? [/^([A-Za-z]:)?[\\/]/.test(wanted) ? wanted : `${__ENV.PWD}/${wanted}`]
    : [named(`${wanted}.json`), named(`${wanted}.example.json`)];
  for (const file of files) {
    try {
      return open(file);
    } catch {
      // Not this one.
    }
  }
  throw new Error(
    `TARGET_ENV is ${wanted}, allowed: a name of an environment under fixtures/environments, or the path of a .json file`,
  );
}

/** A number from a variable; an empty one counts as unset. */
export function numberFrom(name: string): number | undefined {
  const text = __ENV[name];
  if (!text) return undefined;
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new Error(`${name} is ${text}, allowed: a number above 0`);
  return value;
}
