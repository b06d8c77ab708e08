import { measuring } from './monitor-speed.ts';
import { atMost, type ProofArea, type ProofRow } from './proof.ts';

const hourSeconds = 3_600;

/** An hour of samples as fast as they can be taken: a minute and a half of CPU, not an hour. */
async function overAnHour(say: (line: string) => void): Promise<ProofRow[]> {
  const before = process.cpuUsage();
  const rows = await measuring(/^load-collector-hour$/)(say);
  const { user, system } = process.cpuUsage(before);
  return [
    ...rows,
    atMost('cores over that hour, the making of its samples included', (user + system) / 1e6 / hourSeconds, 0.25, 'cores'),
  ];
}

export const loadCollector: ProofArea = {
  title: 'The collector follows 20,000 samples a second for an hour, on a quarter of a core and in bounded memory',
  covers: ['load/collector.ts', 'load/csv.ts', 'load/histogram.ts', 'load/refusals.ts', 'load/steps.ts'],
  prove: async (say) => [...(await measuring(/^load-(collector-rate|report)$/)(say)), ...(await overAnHour(say))],
};
