import { chooseProduct } from './catalogue.ts';
import { type Json, read } from './read.ts';
import { expectStatus } from './rules.ts';
import type { Journey, Shopper } from './shopper.ts';

const searched = ['name', 'brand', 'category'];

async function find(shopper: Shopper, words: string): Promise<Json> {
  const path = `/api/search?q=${encodeURIComponent(words)}&page=1&pageSize=20`;
  const reply = await shopper.send({ method: 'GET', path, name: 'GET /api/search' });
  expectStatus(shopper, reply, 200);
  return read(reply, 'results');
}

export const search: Journey = {
  name: 'search',
  title: 'A visitor finds shoes by brand, and nothing where there is nothing',
  async run(shopper, context) {
    const brand = await shopper.step('learn a brand', async () => (await chooseProduct(shopper, context)).text('brand'));
    await shopper.step('search for it', async () => {
      const items = (await find(shopper, brand)).list('items').all();
      shopper.expect('at least one result', items.length > 0, items.length);
      const matches = (item: Json) => searched.some((key) => item.text(key).toLowerCase().includes(brand.toLowerCase()));
      const stray = items.find((item) => !matches(item));
      shopper.expect('only results that match the words', stray === undefined, `${stray?.text('name')} for ${brand}`);
    });
    await shopper.step('search for nonsense', async () => {
      const results = await find(shopper, 'qqzzxx no such shoe');
      const seen = `${results.number('total')} results, ${results.list('items').length} of them listed`;
      shopper.expect('no result for what is not sold', results.number('total') === 0 && results.list('items').length === 0, seen);
    });
  },
};
