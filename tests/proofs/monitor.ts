import { closeExporter } from '../../telemetry/application-insights.ts';
import { liveThrough } from '../monitor/days.ts';
import { killAtRandom } from '../monitor/kills.ts';
import { drainOutage } from '../monitor/outage.ts';
import { acceptAll, startIngestion } from '../support/ingestion.ts';
import { atMost, exactly, type ProofArea } from './proof.ts';

const covers = ['synthetics', 'telemetry'];
const seed = 20_261_126;

export const monitorKills: ProofArea = {
  title:
    'Killed with kill -9 a hundred times while ingestion fails at random: every result that was kept arrives, countable once',
  covers,
  async prove(say) {
    const killed = await killAtRandom(100, seed);
    say(JSON.stringify(killed));
    return [
      exactly('kills at random moments', killed.kills, 100),
      { name: 'results kept', seen: String(killed.kept), wanted: 'more than 1000', holds: killed.kept > 1_000 },
      exactly('of those arrived, each id once', killed.arrived, killed.kept),
      { name: 'accepted again, with the same id', seen: String(killed.repeats), wanted: 'told', holds: true },
      exactly('left in the outbox', killed.waiting, 0),
      exactly('exit code of the last one after SIGTERM', killed.lastExit, 0),
    ];
  },
};

export const monitorOutage: ProofArea = {
  title: 'An ingestion outage of six simulated hours drains with original times, while fresh results arrive within two minutes',
  covers,
  async prove() {
    const ingestion = await startIngestion(acceptAll);
    try {
      const { kept, ...seen } = await drainOutage(6, ingestion);
      return [
        { name: 'results of six hours, and of the drain', seen: String(kept), wanted: 'at least 14400', holds: kept >= 14_400 },
        exactly('arrived', seen.arrived, kept),
        exactly('with their original times', seen.withOriginalTime, kept),
        exactly('accepted twice', seen.repeats, 0),
        exactly('left in the outbox', seen.waiting, 0),
        exactly('backlog oldest first', seen.isOldestFirst, true),
        { name: 'fresh results during the drain', seen: String(seen.fresh), wanted: 'some', holds: seen.fresh > 0 },
        atMost('latest fresh result', seen.latestFreshMs / 1_000, 120, 's'),
      ];
    } finally {
      await closeExporter();
      await ingestion.close();
    }
  },
};

export const monitorDays: ProofArea = {
  title: '72 simulated hours: no drift, no missed tick, memory flat',
  covers,
  async prove() {
    const lived = await liveThrough(72);
    return [
      exactly('rounds', lived.rounds, 72 * 60),
      exactly('rounds with every check started and ended', lived.whole, 72 * 60),
      exactly('minutes without a round, or with two', lived.gaps, 0),
      atMost('longest start delay', lived.longestDelayMs, 1, 'ms'),
      atMost('heap at the end, above that after 12 hours', Math.max(0, lived.grownMb), 10, 'MB'),
    ];
  },
};
