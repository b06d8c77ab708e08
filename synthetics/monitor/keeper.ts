import type { TelemetryEvent } from '../../telemetry/event.ts';
import { type Outbox, openOutbox } from '../../telemetry/outbox.ts';
import { moveItems } from '../../telemetry/outbox-move.ts';
import type { AvailabilityResult } from '../result.ts';
import type { Exchange } from '../runners/evidence.ts';
import { type Log, messageOf } from './log.ts';

interface KeeperOptions {
  /** Opens the file; throws where the disk doesn't let it. */
  readonly open: () => Outbox;
  /** Results and events kept in memory while there is no file, the oldest go first. */
  readonly memoryRows: number;
  readonly nowMs: () => number;
  readonly log: Log;
  /** Told with a reason when the disk fails, and with none when it takes results again. */
  readonly onDisk: (fault: string | undefined) => void;
}

interface Counts {
  readonly waiting: number;
  readonly parked: number;
  readonly lost: number;
}

/**
 * Where results wait for delivery: the outbox file, and a bounded outbox in memory while the disk is full, read-only or gone.
 * Nothing here throws for the disk.
 */
export class Keeper {
  private readonly options: KeeperOptions;
  private file: Outbox | undefined;
  private memory: Outbox | undefined;
  private readonly counted = new WeakMap<Outbox, Counts>();
  private said: string | undefined;

  constructor(options: KeeperOptions) {
    this.options = options;
  }

  /** Opens the file; a disk that refuses is told like one that fails later. */
  open(): void {
    if (!this.file) this.openFile();
  }

  get onDisk(): boolean {
    return this.memory === undefined;
  }

  add(result: AvailabilityResult, evidence?: Exchange): void {
    this.write((outbox) => {
      outbox.add([result]);
      if (evidence) outbox.keepEvidence(result.id, evidence);
    });
  }

  addEvent(event: TelemetryEvent): void {
    this.write((outbox) => outbox.addEvents([event]));
  }

  /** What there is to deliver from; not a file that fails: it could not keep that something arrived, and would send it again and again. */
  outboxes(): Outbox[] {
    return this.memory ? [this.memory] : this.all();
  }

  private all(): Outbox[] {
    return [this.file, this.memory].filter((outbox) => outbox !== undefined);
  }

  /** Of all outboxes together: what waits, and what never reached Application Insights and is gone. */
  counts(): Counts {
    const all = this.all().map((outbox) => this.countsOf(outbox));
    const sum = (of: keyof Counts) => all.reduce((total, counts) => total + counts[of], 0);
    return { waiting: sum('waiting'), parked: sum('parked'), lost: sum('lost') };
  }

  /** Of a file that can't be read: what it had when it could. */
  private countsOf(outbox: Outbox): Counts {
    try {
      const dropped = outbox.dropped();
      const counts = { ...outbox.undelivered(), lost: dropped.waiting + dropped.parked };
      this.counted.set(outbox, counts);
      return counts;
    } catch (error) {
      this.fallBack(messageOf(error));
      return this.counted.get(outbox) ?? { waiting: 0, parked: 0, lost: 0 };
    }
  }

  /** A number that outlives the process; undefined while there is no file that can be read. */
  note(name: string): number | undefined {
    try {
      return this.file?.note(name);
    } catch (error) {
      this.fallBack(messageOf(error));
      return undefined;
    }
  }

  setNote(name: string, value: number): void {
    try {
      this.file?.setNote(name, value);
    } catch (error) {
      // The next result meets the same disk, and says so.
      this.options.log.warn('note not kept', { name, reason: messageOf(error) });
    }
  }

  /** Tries the disk again after it failed, and moves to it what waits in memory. */
  recover(): void {
    const { memory } = this;
    if (!memory) return;
    if (!this.file) this.openFile();
    if (!this.file || !this.moveTo(this.file, memory)) return;
    this.memory = undefined;
    memory.close();
    this.options.onDisk(undefined);
  }

  close(): void {
    for (const outbox of this.all()) outbox.close();
  }

  private write(act: (outbox: Outbox) => void): void {
    if (this.file && !this.memory) {
      try {
        act(this.file);
        return;
      } catch (error) {
        this.fallBack(messageOf(error));
      }
    }
    act(this.inMemory());
  }

  private openFile(): void {
    try {
      this.file = this.options.open();
    } catch (error) {
      if (!this.memory) this.fallBack(messageOf(error));
    }
  }

  private fallBack(reason: string): void {
    this.inMemory();
    this.options.onDisk(reason);
  }

  private inMemory(): Outbox {
    const { memoryRows, nowMs, log } = this.options;
    this.memory ??= openOutbox(':memory:', {
      now: nowMs,
      maxRows: memoryRows,
      warn: (message) => log.warn('memory', { message }),
    });
    return this.memory;
  }

  /** False while the disk still fails: nothing is lost then. */
  private moveTo(file: Outbox, memory: Outbox): boolean {
    try {
      // Asked also when nothing waits, so that a disk counts as mended only once it was written to.
      file.setNote('disk failed until', this.options.nowMs());
      moveItems(memory, file);
      this.said = undefined;
      return true;
    } catch (error) {
      const reason = messageOf(error);
      // Asked every two seconds, for hours.
      if (reason !== this.said) this.options.log.warn('disk still fails', { reason });
      this.said = reason;
      return false;
    }
  }
}
