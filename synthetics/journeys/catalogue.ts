import { type Json, Page, read } from './read.ts';
import { expectStatus } from './rules.ts';
import type { JourneyContext, Shopper, ShopReply, ShopRequest } from './shopper.ts';

const pageSize = 20;

const pageOf = (number: number): ShopRequest => ({
  method: 'GET',
  path: `/api/products?page=${number}&pageSize=${pageSize}`,
  name: 'GET /api/products',
});

function readPage(shopper: Shopper, reply: ShopReply): Page {
  expectStatus(shopper, reply, 200);
  return new Page(reply, 'catalogue');
}

/** Opens the catalogue where one product stands, the more popular ones sooner, and answers that product as listed. */
export async function chooseProduct(shopper: Shopper, context: JourneyContext): Promise<Json> {
  const first = readPage(shopper, await shopper.send(pageOf(1)));
  const total = first.number('total');
  shopper.expect('products in the catalogue', total > 0, total);
  const wanted = context.pick(total);
  const page = Math.floor(wanted / pageSize) + 1;
  const items = page === 1 ? first : readPage(shopper, await shopper.send(pageOf(page)));
  const product = items.at(wanted % pageSize);
  shopper.expect('as many products as the total says', product !== undefined, product ? 'one' : items.length());
  return product as Json;
}

/** Opens a product's own page and checks what a shopper decides by. */
export async function viewProduct(shopper: Shopper, listed: Json): Promise<Json> {
  const id = listed.text('id');
  const reply = await shopper.send({ method: 'GET', path: `/api/products/${id}`, name: 'GET /api/products/{id}' });
  expectStatus(shopper, reply, 200);
  const product = read(reply, 'product');
  const seenId = product.text('id');
  shopper.expect('the product that was asked for', seenId === id, seenId);
  product.text('name');
  product.text('brand');
  product.text('description');
  product.text('currency');
  const priceCents = product.number('priceCents');
  shopper.expect('a price above 0 cents', priceCents > 0, priceCents);
  shopper.expect('the price of the catalogue, in cents', priceCents === listed.number('priceCents'), priceCents);
  const sizes = product.list('sizes');
  shopper.expect('sizes to choose from', sizes.length > 0, sizes.length);
  return product;
}

/** Chooses a product and its first size, to put into a cart. */
export async function chooseToBuy(shopper: Shopper, context: JourneyContext): Promise<Choice> {
  const product = await viewProduct(shopper, await chooseProduct(shopper, context));
  const size = product.list('sizes').at(0)?.value;
  return { productId: product.text('id'), name: product.text('name'), priceCents: product.number('priceCents'), size };
}

export interface Choice {
  readonly productId: string;
  readonly name: string;
  readonly priceCents: number;
  /** As the store lists it, number or text. */
  readonly size: unknown;
}
