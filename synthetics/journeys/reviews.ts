import { chooseProduct } from './catalogue.ts';
import { postReview, readReviews } from './review.ts';
import type { Journey } from './shopper.ts';

export const reviews: Journey = {
  name: 'reviews',
  title: 'A shopper reads what others say of a shoe and adds a review',
  async run(shopper, context) {
    const productId = await shopper.step('choose a product', async () => (await chooseProduct(shopper, context)).text('id'));
    await shopper.step('read its reviews', async () => {
      for (const review of await readReviews(shopper, productId)) {
        const rating = review.number('rating');
        shopper.expect('ratings from 1 to 5', rating >= 1 && rating <= 5, rating);
        review.text('text');
      }
    });
    const id = await shopper.step('post a review', () => postReview(shopper, context, productId));
    await shopper.step('see it', () =>
      shopper.until('the new review among the others', context.replicationMs, async () => {
        const all = await readReviews(shopper, productId);
        return all.find((review) => review.text('id') === id);
      }),
    );
  },
};
