import { createHash, timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { browserBundle } from '../bundle.ts';
import { styles } from '../report/styles.ts';
import { badgeOf } from './badge.ts';
import { Live } from './live.ts';
import { icon, policy, statusHtml } from './page.ts';
import type { StatusState } from './state.ts';
import { statusStyles } from './styles.ts';

export interface StatusServerOptions {
  /** 0: any free one. */
  readonly port: number;
  /** Without one the server is bound to loopback; with one, to all addresses, and asks for it. */
  readonly token?: string | undefined;
  readonly nowMs: () => number;
  /** For `/healthz`. */
  readonly healthz: () => { readonly healthy: boolean; readonly [detail: string]: unknown };
  /** For `/metrics`. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  /** All that the page shows, as it is now. */
  readonly state: () => StatusState;
}

export interface StatusServer {
  readonly port: number;
  /** Tells all who look what has changed; answers with what was sent. */
  update(): string | undefined;
  close(): Promise<void>;
}

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The status page, badges, `/healthz` and `/metrics` in one server that can be read alone. */
export async function serveStatusPage(options: StatusServerOptions): Promise<StatusServer> {
  const { port, token, state } = options;
  const live = new Live(state);
  const app = fastify({ forceCloseConnections: true });
  guard(app, token);
  routes(app, options, live);
  await app.listen({ port, host: token === undefined ? '127.0.0.1' : '0.0.0.0' });
  return {
    port: (app.server.address() as AddressInfo).port,
    update: () => live.update(),
    async close() {
      live.close();
      await app.close();
    },
  };
}

/** Before any route, and before it is known that there is none. */
function guard(app: FastifyInstance, token: string | undefined): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return reply.code(405).header('allow', 'GET, HEAD').send('This page can only be read: GET or HEAD.\n');
    }
    // A page of another site, whose name was made to point here, must not read what is bound to loopback.
    if (token === undefined && !loopbackNames.has(hostOf(request))) return reply.code(403).send('On loopback alone.\n');
    if (token !== undefined && path(request) !== '/healthz' && !isAllowed(request, token)) return refuse(reply);
    return undefined;
  });
}

const path = ({ url }: FastifyRequest) => url.split('?')[0];
const hostOf = ({ headers: { host = '' } }: FastifyRequest) => host.replace(/:\d+$/, '').toLowerCase();

const refuse = (reply: FastifyReply) =>
  reply
    .code(401)
    .header('www-authenticate', 'Basic realm="status", charset="UTF-8"')
    .send('A token is needed: Authorization: Bearer <token>, or as the password of any user.\n');

/** `Bearer <token>`; or `Basic`, which browsers ask a person for, and then send with events too. */
function isAllowed({ headers: { authorization = '' } }: FastifyRequest, token: string): boolean {
  const [scheme = '', value = ''] = authorization.split(' ');
  if (scheme.toLowerCase() === 'bearer') return isSame(value, token);
  if (scheme.toLowerCase() !== 'basic') return false;
  const pair = Buffer.from(value, 'base64').toString();
  return isSame(pair.slice(pair.indexOf(':') + 1), token);
}

/** Takes as long whatever is wrong with it. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

function routes(app: FastifyInstance, options: StatusServerOptions, live: Live): void {
  const { token, nowMs, healthz, metrics } = options;
  app.get('/', (_, reply) => reply.type('text/html; charset=utf-8').send(statusHtml(live.state, live.version)));
  app.get('/status.js', (_, reply) =>
    reply.type('text/javascript; charset=utf-8').send(browserBundle('status/browser/main.ts').js),
  );
  app.get('/status.css', (_, reply) =>
    reply.type('text/css; charset=utf-8').send(browserBundle('status/browser/main.ts').css + styles + statusStyles),
  );
  app.get('/icon.svg', (_, reply) => reply.type('image/svg+xml').send(icon));
  app.get('/state', (_, reply) => reply.send({ version: live.version, state: live.state }));
  app.get('/events', { exposeHeadRoute: false }, (_, reply) => listen(reply, live));
  app.head('/events', (_, reply) => reply.type('text/event-stream').send());
  app.get<{ Params: { '*': string } }>('/badge/*', ({ params }, reply) => {
    const name = params['*'];
    const svg = name.endsWith('.svg') ? badgeOf(live.state, name.slice(0, -'.svg'.length), nowMs()) : undefined;
    return svg === undefined
      ? reply.code(404).send('No such node, and no such journey@target.\n')
      : reply.type('image/svg+xml; charset=utf-8').send(svg);
  });
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
  app.get('/healthz', (request, reply) => {
    const seen = healthz();
    // What probes ask without a token, and no more than they need.
    const shown = token === undefined || isAllowed(request, token) ? seen : { healthy: seen.healthy };
    return reply.code(seen.healthy ? 200 : 503).send(shown);
  });
}

function listen(reply: FastifyReply, live: Live): FastifyReply {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
  if (!live.listen(raw)) raw.end('event: full\ndata: ""\n\n');
  return reply;
}
