import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request } from 'undici';
import { afterEach, beforeEach } from 'vitest';
import { type FrontDoor, type FrontDoorOptions, startFrontDoor } from '../../../fixtures/contoso/azure/front-door.ts';
import { type Listener, listen } from '../../../fixtures/contoso/azure/listener.ts';
import { type Answer, echo, testCertificate, world } from '../app-service/doubles.ts';

export interface TestOrigin extends Listener {
  readonly name: string;
  readonly seen: IncomingMessage[];
  /** Probes answer with this. */
  health: number;
  /** Replaces the echo. */
  answer: ((req: IncomingMessage, res: ServerResponse) => void) | undefined;
}

interface Sent {
  readonly path?: string;
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Never probes while a test lasts. */
export const quiet = { intervalSeconds: 1_000_000 };
/** Asks for the reason of an error. */
export const debug = { 'x-azure-debuginfo': '1' };

/** Origins and Front Doors that end with the test that asked for them. */
export function frontDoorsOfTests() {
  let dispatcher: Agent;
  const closing: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    dispatcher = new Agent({ connect: { ca: (await testCertificate()).ca } });
  });
  afterEach(async () => {
    await dispatcher.destroy();
    await Promise.all(closing.splice(0).map((close) => close()));
  });

  async function origin(name: string): Promise<TestOrigin> {
    const { certificate } = await testCertificate();
    const app = echo({ region: name, stamp: name, instance: `${name}-0`, build: '1' });
    const state = { name, seen: [] as IncomingMessage[], health: 200, answer: undefined as TestOrigin['answer'] };
    const listener = await listen({
      certificate,
      port: 0,
      handle: (req, res) => {
        state.seen.push(req);
        if (req.url === '/api/health') res.writeHead(state.health).end();
        else if (state.answer) state.answer(req, res);
        else app.handle(req, res);
      },
    });
    closing.push(listener.close);
    return Object.assign(state, listener);
  }

  async function frontDoor(origins: readonly TestOrigin[], over: Partial<FrontDoorOptions> = {}): Promise<FrontDoor> {
    const { ca, certificate } = await testCertificate();
    const front = await startFrontDoor({
      port: 0,
      ca,
      certificate,
      origins: origins.map(({ name, url }) => ({ name, url })),
      // One probe every 25 ms.
      world: world(1_200),
      ...over,
    });
    closing.push(front.close);
    return front;
  }

  async function send(
    front: FrontDoor,
    { path = '/api/products', method = 'GET', headers = {}, body }: Sent = {},
  ): Promise<Answer> {
    const answer = await request(`${front.url}${path}`, { dispatcher, method, headers, ...(body === undefined ? {} : { body }) });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, json: text ? JSON.parse(text) : {} };
  }

  /** How many of so many requests each origin answered, by its name; by the status where it wasn't 200. */
  const share = async (front: FrontDoor, requests: number) => {
    const count: Record<string, number> = {};
    for (let i = 0; i < requests; i += 1) {
      const { json, status } = await send(front);
      const name = status === 200 ? String(json.stamp) : String(status);
      count[name] = (count[name] ?? 0) + 1;
    }
    return count;
  };

  return { origin, frontDoor, send, share };
}
