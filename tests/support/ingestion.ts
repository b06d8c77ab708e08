import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { createAuthority } from '../../fixtures/contoso/azure/certificate.ts';

/** The parts of an Application Insights envelope that tests look at. */
export interface Envelope {
  readonly name: string;
  readonly time: string;
  readonly iKey: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly data: {
    readonly baseType: string;
    readonly baseData: {
      readonly id?: string;
      readonly name: string;
      readonly duration: string;
      readonly success: boolean;
      readonly runLocation: string;
      readonly message: string;
      readonly properties: Readonly<Record<string, string>>;
      readonly measurements: Readonly<Record<string, number>>;
    };
  };
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds before the answer; Infinity never answers. */
  readonly afterMs?: number;
  /** Sends the status and half of the answer, then nothing more. */
  readonly stalls?: boolean;
  /** Cuts the connection instead of answering. */
  readonly reset?: boolean;
}

/** Decides the answer to a request by its items and its number, from 0. */
export type Behaviour = (items: readonly Envelope[], request: number) => Answer;

export interface Ingestion {
  readonly port: number;
  readonly connectionString: string;
  /** Each request's items, in order of arrival. */
  readonly requests: Envelope[][];
  /** What was accepted, repeats too, as Application Insights would hold it. */
  readonly accepted: Envelope[];
  /** PEM of the CA that signed its certificate. */
  readonly ca: string;
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

export const idOf = (envelope: Envelope) => envelope.data.baseData.id ?? envelope.data.baseData.properties.id ?? '';

export const acceptAll: Behaviour = (items) => ({
  status: 200,
  body: { itemsReceived: items.length, itemsAccepted: items.length, errors: [] },
});

/** 206, or another status, with the faults of some items. */
export function refuse(fault: (item: Envelope, index: number) => { statusCode: number; message: string } | undefined): Behaviour {
  return (items) => {
    const errors = items.flatMap((item, index) => {
      const found = fault(item, index);
      return found ? [{ index, ...found }] : [];
    });
    const body = { itemsReceived: items.length, itemsAccepted: items.length - errors.length, errors };
    return { status: errors.length > 0 ? 206 : 200, body };
  };
}

export function connectionStringTo(port: number): string {
  return `InstrumentationKey=11111111-2222-3333-4444-555555555555;IngestionEndpoint=https://127.0.0.1:${port}/`;
}

/** A real HTTPS ingestion endpoint on a port of its own, whose CA this process then trusts unless told otherwise. */
export async function startIngestion(behaviour: Behaviour = acceptAll, { trusted = true } = {}): Promise<Ingestion> {
  const authority = await createAuthority();
  if (trusted) tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority.ca]);
  const requests: Envelope[][] = [];
  const accepted: Envelope[] = [];
  let current = behaviour;
  const server = createServer(await authority.issue(), (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const items = JSON.parse((raw[0] === 0x1f ? gunzipSync(raw) : raw).toString()) as Envelope[];
      const answer = current(items, requests.length);
      requests.push(items);
      if (answer.reset) return request.socket.destroy();
      accepted.push(...acceptedOf(items, answer));
      if (answer.afterMs === Number.POSITIVE_INFINITY) return;
      const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
      if (answer.stalls) return response.writeHead(answer.status).write(text.slice(0, text.length / 2));
      setTimeout(() => response.writeHead(answer.status, answer.headers).end(text), answer.afterMs ?? 0);
    });
  });
  const port = await listen(server);
  return {
    port,
    connectionString: connectionStringTo(port),
    requests,
    accepted,
    ca: authority.ca,
    behave: (next) => {
      current = next;
    },
    close: () => close(server),
  };
}

function acceptedOf(items: readonly Envelope[], answer: Answer): Envelope[] {
  if (answer.status !== 200 && answer.status !== 206) return [];
  const errors = (answer.body as { errors?: { index: number }[] } | undefined)?.errors ?? [];
  const refused = new Set(errors.map((error) => error.index));
  return items.filter((_, index) => !refused.has(index));
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
