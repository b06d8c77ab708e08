import { chooseProduct, viewProduct } from './catalogue.ts';
import type { Journey } from './shopper.ts';

export const browse: Journey = {
  name: 'browse',
  title: 'A visitor looks through the catalogue and opens a shoe',
  async run(shopper, context) {
    const listed = await shopper.step('open the catalogue', () => chooseProduct(shopper, context));
    await shopper.step('open a product', () => viewProduct(shopper, listed));
  },
};
