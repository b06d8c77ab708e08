import type { Choice } from './catalogue.ts';
import { type Json, read } from './read.ts';
import { expectStatus } from './rules.ts';
import type { Shopper } from './shopper.ts';

/** Makes an empty cart, which is removed when the journey ends. */
export async function openCart(shopper: Shopper): Promise<string> {
  const reply = await shopper.send({ method: 'POST', path: '/api/carts', name: 'POST /api/carts', as: 'shopper', json: {} });
  expectStatus(shopper, reply, 201);
  const cart = read(reply, 'cart');
  const id = cart.text('id');
  shopper.cleanUp(async () => {
    const removed = await shopper.send({
      method: 'DELETE',
      path: `/api/carts/${id}`,
      name: 'DELETE /api/carts/{id}',
      as: 'shopper',
    });
    expectStatus(shopper, removed, 204, 404);
  });
  shopper.expect('an empty cart', cart.list('items').length === 0, cart.list('items').length);
  shopper.expect('a cart marked as synthetic', cart.flag('synthetic'), cart.flag('synthetic'));
  return id;
}

export async function putIntoCart(shopper: Shopper, cartId: string, choice: Choice, quantity: number): Promise<void> {
  const json = { productId: choice.productId, size: choice.size, quantity };
  const path = `/api/carts/${cartId}/items`;
  const reply = await shopper.send({ method: 'POST', path, name: 'POST /api/carts/{id}/items', as: 'shopper', json });
  expectStatus(shopper, reply, 201);
  expectContent(shopper, read(reply, 'cart'), choice, quantity);
}

/** Cart or order: the one shoe, as often as chosen, at its price. */
export function expectContent(shopper: Shopper, content: Json, choice: Choice, quantity: number): void {
  const items = content.list('items');
  const item = items.at(0);
  shopper.expect('one item', items.length === 1, items.length);
  if (!item) return;
  shopper.expect('the chosen product in it', item.text('productId') === choice.productId, item.text('productId'));
  shopper.expect('the chosen quantity', item.number('quantity') === quantity, item.number('quantity'));
  const totalCents = content.number('totalCents');
  const dueCents = choice.priceCents * quantity;
  shopper.expect('a total of price × quantity', totalCents === dueCents, `${totalCents} cents where ${dueCents} are due`);
}
