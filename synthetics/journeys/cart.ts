import { expectContent, openCart, putIntoCart } from './basket.ts';
import { chooseToBuy } from './catalogue.ts';
import { read } from './read.ts';
import { expectStatus } from './rules.ts';
import type { Journey } from './shopper.ts';

const quantity = 2;

export const cart: Journey = {
  name: 'cart',
  title: 'A shopper puts shoes into a cart and finds them there again',
  async run(shopper, context) {
    const choice = await shopper.step('choose a product', () => chooseToBuy(shopper, context));
    const id = await shopper.step('take a cart', () => openCart(shopper));
    await shopper.step('put it in', () => putIntoCart(shopper, id, choice, quantity));
    await shopper.step('look into the cart', async () => {
      const reply = await shopper.send({ method: 'GET', path: `/api/carts/${id}`, name: 'GET /api/carts/{id}', as: 'shopper' });
      expectStatus(shopper, reply, 200);
      expectContent(shopper, read(reply, 'cart'), choice, quantity);
    });
  },
};
