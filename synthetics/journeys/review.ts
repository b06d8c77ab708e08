import { type Json, read } from './read.ts';
import { expectStatus } from './rules.ts';
import type { JourneyContext, Shopper } from './shopper.ts';

const template = '/api/products/{id}/reviews';

export async function readReviews(shopper: Shopper, productId: string, at?: string): Promise<Json[]> {
  const path = `/api/products/${productId}/reviews`;
  const reply = await shopper.send({ method: 'GET', path, name: `GET ${template}`, ...(at !== undefined && { at }) });
  expectStatus(shopper, reply, 200);
  return read(reply, 'reviews').list('items').all();
}

/** Posts a review that this run can recognise by its text, and removes it when the journey ends. */
export async function postReview(shopper: Shopper, context: JourneyContext, productId: string): Promise<string> {
  const text = `Synthetic review ${context.runId}`;
  let id: string | undefined;
  let known = false;
  shopper.cleanUp(async () => {
    // When the answer got lost the review may be there all the same, and its text tells.
    const ids = known ? [id] : await ownReviewsWith(shopper, text);
    for (const one of ids) if (one !== undefined) await removeReview(shopper, productId, one);
  });
  const path = `/api/products/${productId}/reviews`;
  const reply = await shopper.send({ method: 'POST', path, name: `POST ${template}`, as: 'shopper', json: { rating: 5, text } });
  known = reply.status >= 400 && reply.status < 500;
  expectStatus(shopper, reply, 201);
  const review = read(reply, 'review');
  id = review.text('id');
  known = true;
  shopper.expect('the text that was posted', review.text('text') === text, review.text('text'));
  shopper.expect('a review marked as synthetic', review.flag('synthetic'), review.flag('synthetic'));
  return id;
}

async function ownReviewsWith(shopper: Shopper, text: string): Promise<string[]> {
  const reply = await shopper.send({ method: 'GET', path: '/api/me/reviews', name: 'GET /api/me/reviews', as: 'shopper' });
  expectStatus(shopper, reply, 200);
  const own = read(reply, 'own reviews').list('items').all();
  return own.filter((review) => review.text('text') === text).map((review) => review.text('id'));
}

async function removeReview(shopper: Shopper, productId: string, id: string): Promise<void> {
  const path = `/api/products/${productId}/reviews/${id}`;
  const reply = await shopper.send({ method: 'DELETE', path, name: `DELETE ${template}/{reviewId}`, as: 'shopper' });
  expectStatus(shopper, reply, 204, 404);
}
