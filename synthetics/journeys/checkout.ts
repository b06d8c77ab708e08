import { expectContent, openCart, putIntoCart } from './basket.ts';
import { type Choice, chooseToBuy } from './catalogue.ts';
import { type Json, read } from './read.ts';
import { expectStatus } from './rules.ts';
import type { Journey, JourneyContext, Shopper, ShopReply } from './shopper.ts';

interface Purchase {
  readonly shopper: Shopper;
  readonly context: JourneyContext;
  readonly cartId: string;
  readonly choice: Choice;
}

/** The same key each time: however often it is sent, the shopper pays once. */
const order = ({ shopper, context, cartId }: Purchase): Promise<ShopReply> | ShopReply =>
  shopper.send({
    method: 'POST',
    path: '/api/orders',
    name: 'POST /api/orders',
    as: 'shopper',
    headers: { 'idempotency-key': context.runId },
    json: { cartId },
  });

async function cancel(shopper: Shopper, id: string): Promise<void> {
  const path = `/api/orders/${id}/cancel`;
  const reply = await shopper.send({ method: 'POST', path, name: 'POST /api/orders/{id}/cancel', as: 'shopper' });
  expectStatus(shopper, reply, 200);
  const status = read(reply, 'order').text('status');
  shopper.expect('a cancelled order', status === 'cancelled', status);
}

/** Refused for good, or for want of the payment API: there is no order. A gateway's 502, without the store's own mark, says nothing of it. */
const isRefused = (reply: ShopReply): boolean => {
  const { status } = reply;
  return (status >= 400 && status < 500) || status === 501 || (status === 502 && reply.header('x-contoso-stamp') !== undefined);
};

async function pay(purchase: Purchase): Promise<Json> {
  const { shopper, choice } = purchase;
  let id: string | undefined;
  let unknown = true;
  shopper.cleanUp(async () => {
    if (unknown) {
      // The answer got lost, the order perhaps not: the same key finds it, or makes the one that is cancelled next.
      const reply = await order(purchase);
      if (reply.status < 300) id = read(reply, 'order').text('id');
    }
    if (id !== undefined) await cancel(shopper, id);
  });
  const reply = await order(purchase);
  unknown = !isRefused(reply);
  expectStatus(shopper, reply, 201);
  const placed = read(reply, 'order');
  id = placed.text('id');
  unknown = false;
  shopper.expect('a confirmed order', placed.text('status') === 'confirmed', placed.text('status'));
  expectContent(shopper, placed, choice, 1);
  placed.text('paymentId');
  shopper.expect('an order marked as synthetic', placed.flag('synthetic'), placed.flag('synthetic'));
  return placed;
}

async function findInOrders(shopper: Shopper, context: JourneyContext, id: string): Promise<void> {
  await shopper.until('the order among the own ones', context.replicationMs, async () => {
    const reply = await shopper.send({
      method: 'GET',
      path: '/api/orders?page=1&pageSize=20',
      name: 'GET /api/orders',
      as: 'shopper',
    });
    expectStatus(shopper, reply, 200);
    return read(reply, 'orders')
      .list('items')
      .all()
      .find((one) => one.text('id') === id);
  });
  const reply = await shopper.send({ method: 'GET', path: `/api/orders/${id}`, name: 'GET /api/orders/{id}', as: 'shopper' });
  expectStatus(shopper, reply, 200);
  const status = read(reply, 'order').text('status');
  shopper.expect('a confirmed order', status === 'confirmed', status);
}

async function payAgain(purchase: Purchase, placed: Json): Promise<void> {
  const { shopper } = purchase;
  const reply = await order(purchase);
  expectStatus(shopper, reply, 200);
  const again = read(reply, 'order');
  shopper.expect('the same order', again.text('id') === placed.text('id'), again.text('id'));
  shopper.expect('one payment', again.text('paymentId') === placed.text('paymentId'), again.text('paymentId'));
}

export const checkout: Journey = {
  name: 'checkout',
  title: 'A shopper buys a shoe, once, and finds the order',
  needs: ['payment'],
  async run(shopper, context) {
    const choice = await shopper.step('choose a product', () => chooseToBuy(shopper, context));
    const cartId = await shopper.step('fill a cart', async () => {
      const id = await openCart(shopper);
      await putIntoCart(shopper, id, choice, 1);
      return id;
    });
    const purchase = { shopper, context, cartId, choice };
    const placed = await shopper.step('pay', () => pay(purchase));
    await shopper.step('find the order', () => findInOrders(shopper, context, placed.text('id')));
    await shopper.step('pay again', () => payAgain(purchase, placed));
  },
};
