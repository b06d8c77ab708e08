import { read } from './read.ts';
import { expectStatus } from './rules.ts';
import type { Journey } from './shopper.ts';

const serving = ['healthy', 'degraded'];

export const health: Journey = {
  name: 'health',
  title: 'The store says of itself that it can serve',
  async run(shopper) {
    await shopper.step('ask', async () => {
      const reply = await shopper.send({ method: 'GET', path: '/api/health', name: 'GET /api/health' });
      expectStatus(shopper, reply, 200);
      const status = read(reply, 'health').text('status');
      shopper.expect('healthy or degraded', serving.includes(status), status);
    });
  },
};
