import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { buildConnector, Client } from 'undici';
import { RequestFailed } from '../journeys/failures.ts';
import { type Hooks, runJourney } from '../journeys/run.ts';
import type { Answer, Phases, WireRequest } from '../journeys/transport.ts';
import type { AvailabilityResult } from '../result.ts';
import type { Exchange } from './evidence.ts';
import { readCertificateOnce } from './peer-certificate.ts';
import { type Given, prepareRun, resultOf } from './prepare.ts';
import { type Received, Receiver } from './receiver.ts';
import { RecordingTransport } from './recording.ts';
import { secureContext } from './secure-context.ts';
import type { TokenSource } from './token.ts';
import { requestFailed } from './trouble.ts';

/** Runs a journey once, on connections of its own: what a shopper who comes now would meet, name lookup and TLS included. */
export async function runOnNode(
  given: Given & {
    readonly tokens: TokenSource;
    readonly hooks?: Hooks;
    /** Gets the exchange that a journey failed at, where one was sent. */
    readonly evidence?: (exchange: Exchange) => void;
  },
): Promise<AvailabilityResult> {
  const prepared = prepareRun(given);
  const transport = new NodeTransport(given.tokens);
  try {
    const hooks = given.evidence ? transport.keepingEvidence(given.hooks ?? {}, given.evidence) : given.hooks;
    return resultOf(prepared, await runJourney(prepared.journey, prepared.context, transport, prepared.route, hooks));
  } finally {
    await transport.close();
  }
}

interface Opening {
  dnsMs: number;
  connectMs: number;
  tlsMs: number;
}

/** What ends the connections of a journey that is over; made once, since an error of its own each time would be made for nobody. */
const over = new Error('the journey is over');

/** A client per origin, each with one connection: undici's `Client` sends one request at a time. */
export class NodeTransport extends RecordingTransport {
  private readonly clients = new Map<string, Client>();
  /** Times of a connection opened for the request under way. */
  private opening: Opening | undefined;

  protected override async send({ url, method, headers, body, limitMs }: WireRequest): Promise<NodeAnswer> {
    const startedMs = performance.now();
    const { origin, pathname, search } = new URL(url);
    const client = this.client(origin);
    const receiver = new Receiver();
    const timer = setTimeout(() => {
      receiver.fail(new RequestFailed('timeout', { afterMs: performance.now() - startedMs }));
      // Its answer may still come: another request must not meet it.
      this.clients.delete(origin);
      void client.destroy(over);
    }, limitMs);
    this.opening = undefined;
    try {
      client.dispatch({ path: pathname + search, method, headers, body: body ?? null }, receiver);
      return new NodeAnswer(await receiver.received, startedMs, this.opening);
    } catch (error) {
      throw requestFailed(error, performance.now() - startedMs);
    } finally {
      clearTimeout(timer);
    }
  }

  override async close(): Promise<void> {
    await Promise.all([...this.clients.values()].map((client) => client.destroy(over)));
  }

  private client(origin: string): Client {
    let client = this.clients.get(origin);
    if (!client) {
      client = new Client(origin, { connect: this.connector() });
      this.clients.set(origin, client);
    }
    return client;
  }

  /** undici's own connector, without resumed TLS sessions, and with the times of its socket's events. */
  private connector(): buildConnector.connector {
    const connect = buildConnector({ maxCachedSessions: 0, allowH2: false, secureContext: secureContext() });
    return (options, callback) => {
      const startedMs = performance.now();
      const times: Opening = { dnsMs: 0, connectMs: 0, tlsMs: 0 };
      let connectedMs = startedMs;
      // Returned though the types don't say so.
      const socket = connect(options, (...result: Parameters<buildConnector.Callback>) => {
        if (options.protocol === 'https:') times.tlsMs = performance.now() - connectedMs;
        this.opening = times;
        callback(...result);
      }) as unknown as Socket | undefined;
      if (socket instanceof TLSSocket) readCertificateOnce(socket);
      socket?.once('lookup', () => {
        times.dnsMs = performance.now() - startedMs;
      });
      socket?.once('connect', () => {
        connectedMs = performance.now();
        times.connectMs = connectedMs - startedMs - times.dnsMs;
      });
    };
  }
}

class NodeAnswer implements Answer {
  readonly status: number;
  readonly durationMs: number;
  readonly body: string;
  readonly phases: Phases;
  readonly allHeaders: Received['headers'];

  constructor({ status, headers, body, headMs, endMs }: Received, startedMs: number, opening: Opening | undefined) {
    const { dnsMs, connectMs, tlsMs } = opening ?? { dnsMs: 0, connectMs: 0, tlsMs: 0 };
    this.status = status;
    this.allHeaders = headers;
    this.body = body;
    this.durationMs = endMs - startedMs;
    const firstByteMs = Math.max(0, headMs - startedMs - dnsMs - connectMs - tlsMs);
    this.phases = { dnsMs, connectMs, tlsMs, firstByteMs, downloadMs: endMs - headMs };
  }

  header(name: string): string | undefined {
    const value = this.allHeaders[name];
    return Array.isArray(value) ? value.join('\n') : value;
  }
}
