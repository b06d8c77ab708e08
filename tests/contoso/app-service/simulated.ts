import type { World } from '../../../fixtures/contoso/azure/ports.ts';
import type { Scheduler } from '../../../fixtures/contoso/azure/scheduler.ts';
import { createWatchers, type Watcher } from '../../../fixtures/contoso/azure/watch.ts';
import { type ControlClock, createClock, minuteMs } from '../../../fixtures/contoso/clock.ts';

/** Time that the test moves: the world's clock and the scheduler's timers together. */
interface SimulatedTime {
  readonly world: World;
  readonly clock: ControlClock;
  readonly scheduler: Scheduler;
  /** Control-plane seconds; what is due meanwhile happens in its order, with what it starts. */
  advance(seconds: number): Promise<void>;
}

interface Timer {
  due: number;
  readonly everyMs: number | undefined;
  readonly act: () => void;
}

/** Promises, and callbacks of Node's own streams, that a timer has set off. */
const settle = async () => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Starts on a full minute. */
export function simulatedTime(timeScale = 60): SimulatedTime {
  let wallMs = 1_000 * minuteMs;
  const world: World = { now: () => wallMs, random: () => 0.5, timeScale };
  const clock = createClock(world);
  const timers = new Set<Timer>();
  const add = (dueMs: number, everyMs: number | undefined, act: () => void) => {
    const timer = { due: clock.now() + dueMs, everyMs, act };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const every = (seconds: number, act: () => void) => add(seconds * 1_000, seconds * 1_000, act);
  const scheduler: Scheduler = {
    clock,
    after: (seconds, act) => add(seconds * 1_000, undefined, act),
    every,
    everyMinute: (act) => every(60, () => act(clock.now() - minuteMs)),
    close: () => Promise.resolve(timers.clear()),
  };
  const next = (until: number) =>
    [...timers].filter(({ due }) => due <= until).reduce<Timer | undefined>((a, b) => (a && a.due <= b.due ? a : b), undefined);
  return {
    world,
    clock,
    scheduler,
    async advance(seconds) {
      const until = clock.now() + seconds * 1_000;
      for (let timer = next(until); timer; timer = next(until)) {
        wallMs = clock.wallTime(timer.due);
        if (timer.everyMs === undefined) timers.delete(timer);
        else timer.due += timer.everyMs;
        timer.act();
        await settle();
      }
      wallMs = clock.wallTime(until);
      await settle();
    },
  };
}

/** Keeps what it is told, by event. */
export function recordingWatcher() {
  const told: { [K in keyof Watcher]: Parameters<Watcher[K]>[0][] } = {
    instanceMinute: [],
    siteRequest: [],
    healthMinute: [],
    frontDoorRequest: [],
    originProbe: [],
    autoscaleRun: [],
    scaleEvent: [],
  };
  const watcher = createWatchers();
  watcher.add({
    instanceMinute: (event) => void told.instanceMinute.push(event),
    siteRequest: (event) => void told.siteRequest.push(event),
    healthMinute: (event) => void told.healthMinute.push(event),
    frontDoorRequest: (event) => void told.frontDoorRequest.push(event),
    originProbe: (event) => void told.originProbe.push(event),
    autoscaleRun: (event) => void told.autoscaleRun.push(event),
    scaleEvent: (event) => void told.scaleEvent.push(event),
  });
  return { watcher, told };
}
