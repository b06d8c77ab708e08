import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
/** Node's own, which it hands out only when asked to. */
export const collectGarbage = runInNewContext('gc') as () => void;

/** User and system CPU milliseconds of this process for a round, on average over so many. Nothing is paid for what others left behind. */
export async function cpuMsOfRound(rounds: number, act: () => Promise<void>): Promise<number> {
  collectGarbage();
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / rounds;
}
