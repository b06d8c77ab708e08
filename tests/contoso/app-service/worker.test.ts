import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { createPlan, type Instance } from '../../../fixtures/contoso/azure/app-service/plan.ts';
import { type App, createWorker } from '../../../fixtures/contoso/azure/app-service/worker.ts';
import { createScheduler } from '../../../fixtures/contoso/azure/scheduler.ts';
import { createClock } from '../../../fixtures/contoso/clock.ts';
import { world } from './doubles.ts';

/** A container that runs, with an app that never answers. */
async function silentWorker() {
  const real = world();
  const [instance] = createPlan({ name: 'plan', sku: 'S2', instances: 1 }, real).instances as [Instance];
  const handled: IncomingMessage[] = [];
  const app: App = {
    handle: (req) => void handled.push(req),
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const worker = createWorker({
    instance,
    pullImage: () => Promise.resolve(),
    resolveSettings: () => Promise.resolve({ values: {}, held: [], literal: {} }),
    createApp: () => app,
    startSeconds: 0,
    now: real.now,
    scheduler: createScheduler(createClock(real)),
    onEvent: () => undefined,
  });
  await worker.attempted;
  return { worker, handled };
}

function aRequest() {
  const req = new IncomingMessage(new Socket());
  const res = new ServerResponse(req);
  return { req, res, closed: new Promise<void>((resolve) => void res.once('close', resolve)) };
}

// Ours: how long an instance that leaves may finish what it has. Nobody would answer what is left then.
it('cuts what is not answered when its time is up, whether the app has it or it waits for a core', async () => {
  const { worker, handled } = await silentWorker();
  const [taken, waiting] = [aRequest(), aRequest()];
  worker.serve(taken.req, taken.res, 0);
  worker.serve(waiting.req, waiting.res, 200);
  await worker.stop('scale in', 50);
  await Promise.all([taken.closed, waiting.closed]);
  expect([taken.res.destroyed, waiting.res.destroyed, worker.active]).toEqual([true, true, 0]);
  expect(handled).toEqual([taken.req]);
});
