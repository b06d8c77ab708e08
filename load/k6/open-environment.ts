import { type LoadEnvironment, parseEnvironment } from './environment.ts';

/** The environment that TARGET_ENV names, by name or path, default `local`. k6 allows this in the init context alone. */
export function openEnvironment(): LoadEnvironment {
  return parseEnvironment(textOf(__ENV.TARGET_ENV || 'local'), __ENV);
}

function textOf(wanted: string): string {
  const named = (file: string) => import.meta.resolve(`../../fixtures/environments/${file}`);
  // k6 would take a relative path as one beside the script; a person means one beside where they are.
  if (/[\\/]|\.json$/.test(wanted)) return open(/^([A-Za-z]:)?[\\/]/.test(wanted) ? wanted : `${__ENV.PWD}/${wanted}`);
  try {
    return open(named(`${wanted}.json`));
  } catch {
    return open(named(`${wanted}.example.json`));
  }
}

/** A number from a variable; an empty one counts as unset. */
export function numberFrom(name: string): number | undefined {
  const text = __ENV[name];
  if (!text) return undefined;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${name} is ${text}, allowed: a number above 0`);
  return value;
}
