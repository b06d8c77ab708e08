import type { Socket } from 'node:net';
import { buildConnector, Client, type Dispatcher } from 'undici';
import { bodyLimitBytes, RequestFailed } from '../journeys/failures.ts';
import { type Hooks, runJourney } from '../journeys/run.ts';
import type { Answer, Phases, WireRequest } from '../journeys/transport.ts';
import type { AvailabilityResult } from '../result.ts';
import { type Exchange, evidenceOf } from './evidence.ts';
import { type Given, prepareRun, resultOf } from './prepare.ts';
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
    const hooks = given.evidence ? keepingEvidence(given.hooks ?? {}, transport, given.evidence) : given.hooks;
    return resultOf(prepared, await runJourney(prepared.journey, prepared.context, transport, prepared.route, hooks));
  } finally {
    await transport.close();
  }
}

/** At the first rule that doesn't hold: clean-ups come after it, and send requests of their own. */
function keepingEvidence(hooks: Hooks, transport: NodeTransport, keep: (exchange: Exchange) => void): Hooks {
  let kept = false;
  const rule: Hooks['rule'] = (name, holds, seen, step) => {
    if (!holds && !kept && transport.last) {
      kept = true;
      keep(evidenceOf(transport.last));
    }
    hooks.rule?.(name, holds, seen, step);
  };
  return { ...hooks, rule };
}

interface Opening {
  dnsMs: number;
  connectMs: number;
  tlsMs: number;
}

/** A client per origin, each with one connection: undici's `Client` sends one request at a time. */
export class NodeTransport extends RecordingTransport {
  private readonly clients = new Map<string, Client>();
  /** Times of a connection opened for the request under way. */
  private opening: Opening | undefined;

  protected override async send({ url, method, headers, body, limitMs }: WireRequest): Promise<NodeAnswer> {
    const startedMs = performance.now();
    const { origin, pathname, search } = new URL(url);
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), limitMs);
    this.opening = undefined;
    try {
      const options = { path: pathname + search, method, headers, signal: abort.signal, ...(body !== undefined && { body }) };
      const reply = await this.client(origin).request(options);
      const headMs = performance.now();
      const text = await readText(reply.body);
      return new NodeAnswer(reply, text, startedMs, headMs, this.opening);
    } catch (error) {
      const afterMs = performance.now() - startedMs;
      throw abort.signal.aborted ? new RequestFailed('timeout', { afterMs, cause: error }) : requestFailed(error, afterMs);
    } finally {
      clearTimeout(timer);
    }
  }

  override async close(): Promise<void> {
    await Promise.all([...this.clients.values()].map((client) => client.destroy()));
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
  readonly allHeaders: Dispatcher.ResponseData['headers'];

  constructor(reply: Dispatcher.ResponseData, body: string, startedMs: number, headMs: number, opening: Opening | undefined) {
    const endMs = performance.now();
    const { dnsMs, connectMs, tlsMs } = opening ?? { dnsMs: 0, connectMs: 0, tlsMs: 0 };
    this.status = reply.statusCode;
    this.allHeaders = reply.headers;
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

async function readText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyLimitBytes) throw new RequestFailed('too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
}
