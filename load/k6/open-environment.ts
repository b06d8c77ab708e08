import { type LoadEnvironment, parseEnvironment } from './environment.ts';

/** The environment that TARGET_ENV names, by name or path, default `local`. k6 allows this in the init context alone. */
export function openEnvironment(): LoadEnvironment {
  const wanted = __ENV.TARGET_ENV || 'local';
  const path = wanted.endsWith('.json') ? wanted : import.meta.resolve(`../../fixtures/environments/${wanted}.json`);
  return parseEnvironment(open(path), __ENV);
}

/** A number from a variable; an empty one counts as unset. */
export function numberFrom(name: string, otherwise: number): number {
  const text = __ENV[name];
  if (!text) return otherwise;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${name} is ${text}, allowed: a number above 0`);
  return value;
}
