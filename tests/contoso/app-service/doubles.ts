import { createAuthentication } from '../../../fixtures/contoso/azure/app-service/authentication.ts';
import { createPlan, type Plan } from '../../../fixtures/contoso/azure/app-service/plan.ts';
import { createRouteMatcher } from '../../../fixtures/contoso/azure/app-service/routes.ts';
import { createSettings } from '../../../fixtures/contoso/azure/app-service/settings.ts';
import { type Site, type SiteOptions, startSite } from '../../../fixtures/contoso/azure/app-service/site.ts';
import type { App } from '../../../fixtures/contoso/azure/app-service/worker.ts';
import { createAuthority } from '../../../fixtures/contoso/azure/certificate.ts';
import type { FaultInForce, FaultPlace, Faults, ServedBy, World } from '../../../fixtures/contoso/azure/ports.ts';
import { createScheduler } from '../../../fixtures/contoso/azure/scheduler.ts';
import { createClock } from '../../../fixtures/contoso/clock.ts';

export const world = (timeScale = 6_000): World => ({
  now: () => performance.timeOrigin + performance.now(),
  random: () => 0.5,
  timeScale,
});

/** One fault that the test sets and clears. */
interface SettableFaults extends Faults {
  set(kind: string, place: FaultPlace, fault: Omit<FaultInForce, 'id'>): void;
  clear(): void;
}

export function settableFaults(): SettableFaults {
  let current: { kind: string; place: FaultPlace; fault: Omit<FaultInForce, 'id'> } | undefined;
  return {
    set: (kind, place, fault) => {
      current = { kind, place, fault };
    },
    clear: () => {
      current = undefined;
    },
    find: (kind, place) => {
      if (current?.kind !== kind) return undefined;
      const differs = Object.entries(current.place).some(([name, value]) => place[name as keyof FaultPlace] !== value);
      return differs ? undefined : { id: 'f-1', ...current.fault };
    },
  };
}

/** An app that answers who served what, with the headers that reached it. */
export const echo = (servedBy: ServedBy, settings: Readonly<Record<string, string>> = {}): App => ({
  handle(req, res) {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = JSON.stringify({
        ...servedBy,
        method: req.method,
        url: req.url,
        headers: req.headers,
        settings,
        body: Buffer.concat(chunks).toString(),
      });
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(body);
    });
  },
  ready: () => Promise.resolve(),
  close: () => Promise.resolve(),
});

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly json: { readonly [key: string]: unknown };
}

const certificates = createAuthority().then(async (authority) => ({ ca: authority.ca, certificate: await authority.issue() }));
/** Made once for a test file. */
export const testCertificate = () => certificates;

const routes = [
  { method: 'GET', path: '/api/health' },
  { method: 'GET', path: '/api/products' },
  { method: 'GET', path: '/api/products/{id}' },
  { method: 'POST', path: '/api/orders' },
];

export interface TestSite {
  readonly site: Site;
  readonly plan: Plan;
  readonly faults: SettableFaults;
}

export async function startTestSite(over: Partial<SiteOptions> & { instances?: number; sku?: string } = {}): Promise<TestSite> {
  const clock = over.world ?? world();
  const plan = over.plan ?? createPlan({ name: 'plan', sku: over.sku ?? 'S2', instances: over.instances ?? 2 }, clock);
  const faults = settableFaults();
  const verify = async (token: string) =>
    token.startsWith('good') ? { sub: 'shopper', roles: ['A', 'B'], exp: Date.now() / 1_000 + 60 } : undefined;
  const site = await startSite({
    stamp: 'westeurope',
    region: 'westeurope',
    build: '1.0.0',
    port: 0,
    certificate: (await certificates).certificate,
    plan,
    settings: createSettings({ values: {}, readSecret: () => Promise.reject(new Error('none')), world: clock }),
    faults,
    world: clock,
    scheduler: createScheduler(createClock(clock)),
    authenticate: createAuthentication(verify, clock.now),
    routeOf: createRouteMatcher(routes),
    anonymous: new Set(['GET /api/health', 'GET /api/products', 'GET /api/products/{id}']),
    pullImage: () => Promise.resolve(),
    createApp: echo,
    ...over,
  });
  return { site, plan, faults };
}
