import type { Generator } from './observation.ts';

/** k6's exit codes (errext/exitcodes in its source) that tell of a run that proves nothing. */
const endings: Readonly<Record<number, string>> = {
  97: 'the cloud run failed',
  100: 'setup took too long',
  101: 'teardown took too long',
  102: 'a part of the run took too long',
  104: 'the options are invalid',
  105: 'k6 was stopped from outside',
  106: "k6's control port is taken",
  107: 'the script threw an exception',
  108: 'the script aborted the run',
  109: 'k6 crashed',
  110: 'the script marked the run as failed',
};

/** A missed threshold: the run itself was whole. */
export const thresholdsMissed = 99;

/** What k6 ends with after SIGINT. */
const stopped = 105;

/** Why a run is not whole; undefined where it is. */
export function brokenOff(generator: Generator): string | undefined {
  const { exitCode, signal, interrupted, runner, lost } = generator;
  const k6 = runner === undefined ? 'k6' : `runner ${runner}`;
  if (interrupted) return 'interrupted before its end';
  if (lost !== undefined) return `${k6} ${lost}`;
  if (signal !== null) return `${k6} was killed by ${signal}`;
  if (exitCode === 0 || exitCode === thresholdsMissed || (exitCode === stopped && generator.enough)) return undefined;
  const said = generator.errorLines.at(-1);
  const what = endings[exitCode ?? -1] ?? `${k6} ended with code ${exitCode}`;
  return said === undefined ? what : `${what}: ${said}`;
}
