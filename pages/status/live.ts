import type { ServerResponse } from 'node:http';
import { patchOf } from './patch.ts';
import type { StatusState } from './state.ts';

/** More than people have pages open; each costs a connection. */
const mostReaders = 200;
/** Who reads so slowly is let go, and asks anew. */
const mostBuffered = 1_000_000;
/** Proxies end connections on which nothing is said. */
const keepAliveMs = 15_000;

/**
 * The state as it is now, numbered, and its changes to all who listen. It is put together only where somebody looks: of thousands
 * of checks it takes a while, in which nothing else happens.
 */
export class Live {
  private readonly boot = Date.now().toString(36);
  private number = 0;
  private readonly readers = new Set<ServerResponse>();
  private readonly timer = setInterval(() => this.send(': still here\n\n'), keepAliveMs).unref();
  private readonly read: () => StatusState;
  /** As of the last update; undefined: nobody has looked since. */
  private known: StatusState | undefined;

  constructor(read: () => StatusState) {
    this.read = read;
  }

  get state(): StatusState {
    this.known ??= this.read();
    return this.known;
  }

  /** Of this process, so that a restart isn't taken for what it was before. */
  get version(): string {
    return `${this.boot}-${this.number}`;
  }

  /** Sends what is different, to all; nothing where nothing is, or nobody listens. Answers with what was sent. */
  update(): string | undefined {
    const { known: before, version: from } = this;
    if (before === undefined) return undefined;
    if (this.readers.size === 0) {
      this.known = undefined;
      this.number += 1;
      return undefined;
    }
    this.known = this.read();
    const patch = patchOf(before, this.known);
    if (patch === undefined) return undefined;
    this.number += 1;
    const event = `event: patch\ndata: ${JSON.stringify({ from, to: this.version, patch })}\n\n`;
    this.send(event);
    return event;
  }

  /** False: too many listen already. */
  listen(response: ServerResponse): boolean {
    if (this.readers.size >= mostReaders) return false;
    this.readers.add(response);
    response.on('close', () => this.readers.delete(response));
    response.write(`retry: 2000\nevent: version\ndata: ${JSON.stringify(this.version)}\n\n`);
    return true;
  }

  close(): void {
    clearInterval(this.timer);
    for (const reader of this.readers) reader.end();
  }

  private send(text: string): void {
    for (const reader of this.readers) {
      if (reader.writableLength > mostBuffered) reader.destroy();
      else reader.write(text);
    }
  }
}
