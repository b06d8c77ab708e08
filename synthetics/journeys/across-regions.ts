import { chooseProduct } from './catalogue.ts';
import { postReview, readReviews } from './review.ts';
import type { Journey } from './shopper.ts';

export const acrossRegions: Journey = {
  name: 'across-regions',
  title: 'What a shopper writes in one region can be read in the others',
  needs: ['peers'],
  async run(shopper, context) {
    const productId = await shopper.step('choose a product', async () => (await chooseProduct(shopper, context)).text('id'));
    const id = await shopper.step('write here', () => postReview(shopper, context, productId));
    for (const peer of context.peers) {
      await shopper.step(`read in ${peer}`, () =>
        shopper.until('the review in the other region in time', context.replicationMs, async () => {
          const all = await readReviews(shopper, productId, peer);
          return all.find((review) => review.text('id') === id);
        }),
      );
    }
  },
};
