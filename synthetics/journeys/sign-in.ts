import { read } from './read.ts';
import { expectStatus } from './rules.ts';
import type { Journey, JourneyContext, Shopper, ShopRequest } from './shopper.ts';

const me = { method: 'GET', path: '/api/me', name: 'GET /api/me' } as const;

async function expectOwnAccount(shopper: Shopper, context: JourneyContext, as: NonNullable<ShopRequest['as']>): Promise<void> {
  const reply = await shopper.send({ ...me, as });
  expectStatus(shopper, reply, 200);
  const account = read(reply, 'account');
  shopper.expect('the own account', account.text('shopperId') === context.shopperId, account.text('shopperId'));
  account.text('name');
  shopper.expect('an account marked as synthetic', account.flag('synthetic'), account.flag('synthetic'));
}

export const signIn: Journey = {
  name: 'sign-in',
  title: 'A shopper signs in, and nobody sees an account without it',
  async run(shopper, context) {
    await shopper.step('stay out', async () => expectStatus(shopper, await shopper.send(me), 401));
    await shopper.step('sign in', () => expectOwnAccount(shopper, context, 'newly-signed-in'));
    await shopper.step('come back', () => expectOwnAccount(shopper, context, 'shopper'));
  },
};
