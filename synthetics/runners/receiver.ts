import type { Dispatcher } from 'undici';
import { bodyLimitBytes, RequestFailed } from '../journeys/failures.ts';

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

export interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** When its first byte came, and its last, by `performance.now()`. */
  readonly headMs: number;
  readonly endMs: number;
}

/** Takes one answer whole. undici's `request` makes a stream of each body, to be read again, at a third of an exchange's CPU. */
export class Receiver implements Dispatcher.DispatchHandler {
  readonly received: Promise<Received>;
  private resolve: (received: Received) => void = () => undefined;
  private reject: (error: Error) => void = () => undefined;
  private status = 0;
  private headers: Headers = {};
  private headMs = 0;
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  constructor() {
    this.received = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Ends the waiting; what comes after it counts no more. */
  fail(error: Error): void {
    this.reject(error);
  }

  onRequestStart(): void {
    // undici insists on it.
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // An interim one, such as 103, announces the answer.
    if (status < 200) return;
    this.headMs = performance.now();
    this.status = status;
    this.headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    this.chunks.push(chunk);
    if (this.bytes > bodyLimitBytes) controller.abort(new RequestFailed('too-large'));
  }

  onResponseEnd(): void {
    const { status, headers, headMs, chunks, bytes } = this;
    const [only] = chunks;
    const body = chunks.length === 1 && only ? only.toString('utf8') : Buffer.concat(chunks, bytes).toString('utf8');
    this.resolve({ status, headers, body, headMs, endMs: performance.now() });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.reject(error);
  }
}
