/** The smallest shop that all journeys pass on: a function of request and state, the same for every runner. */
interface ShopCall {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly signedIn: boolean;
  readonly shopperId: string;
}

interface ShopAnswer {
  readonly status: number;
  readonly body?: unknown;
}

type Item = Record<string, unknown> & { id: string };

const product = (index: number) => ({
  id: `shoe-${index}`,
  name: `Runner ${index}`,
  brand: index % 2 === 0 ? 'Contoso' : 'Fabrikam',
  category: 'running',
  description: 'A shoe',
  priceCents: 1_000 + index,
  currency: 'EUR',
  sizes: [38, 39],
});
const products = Array.from({ length: 30 }, (_, index) => product(index));
const list = (items: readonly unknown[], total = items.length) => ({ items, page: 1, pageSize: 20, total });
const notFound = { status: 404, body: { error: { code: 'not_found', message: 'not there' } } };

export class Shop {
  private readonly reviews: Item[] = [];
  private readonly carts = new Map<string, Item & { items: unknown[]; totalCents: number }>();
  private readonly orders: Item[] = [];
  private made = 0;

  answer(call: ShopCall): ShopAnswer {
    const { pathname, searchParams } = new URL(call.path, 'http://shop');
    const [, , kind = '', id = '', part = ''] = pathname.split('/');
    if (kind === 'health') return { status: 200, body: { status: 'healthy' } };
    if (kind === 'search') return this.search(searchParams.get('q') ?? '');
    if (kind === 'products' && part === 'reviews') return this.reviewsOf(call, pathname.split('/')[5]);
    if (kind === 'products') return this.catalogue(id, Number(searchParams.get('page')));
    if (!call.signedIn) return { status: 401, body: { error: { code: 'unauthorized', message: 'sign in' } } };
    if (kind === 'me' && id === 'reviews') return { status: 200, body: list(this.reviews) };
    if (kind === 'me') return { status: 200, body: { shopperId: call.shopperId, name: 'Sam', synthetic: true } };
    return kind === 'carts' ? this.cart(call, id) : this.order(call, id, part);
  }

  private catalogue(id: string, page: number): ShopAnswer {
    if (id === '') return { status: 200, body: list(products.slice((page - 1) * 20, page * 20), products.length) };
    const found = products.find((one) => one.id === id);
    return found ? { status: 200, body: found } : notFound;
  }

  private search(q: string): ShopAnswer {
    return {
      status: 200,
      body: list(products.filter((one) => `${one.name} ${one.brand}`.toLowerCase().includes(q.toLowerCase()))),
    };
  }

  private reviewsOf({ method, body }: ShopCall, reviewId: string | undefined): ShopAnswer {
    if (method === 'GET') return { status: 200, body: list(this.reviews) };
    if (method === 'DELETE') {
      this.reviews.splice(this.reviews.findIndex(({ id }) => id === reviewId) >>> 0, 1);
      return { status: 204 };
    }
    const review = { ...(body as object), id: this.nextId('review'), synthetic: true };
    this.reviews.unshift(review);
    return { status: 201, body: review };
  }

  private cart({ method, path, body }: ShopCall, id: string): ShopAnswer {
    if (method === 'DELETE') return this.carts.delete(id) ? { status: 204 } : notFound;
    if (method === 'POST' && id === '') {
      const made = { id: this.nextId('cart'), items: [], totalCents: 0, synthetic: true };
      this.carts.set(made.id, made);
      return { status: 201, body: made };
    }
    const cart = this.carts.get(id);
    if (!cart) return notFound;
    if (!path.endsWith('/items')) return { status: 200, body: cart };
    const { productId, quantity } = body as { productId: string; quantity: number };
    const priceCents = products.find((one) => one.id === productId)?.priceCents ?? 0;
    cart.items.push({ ...(body as object), priceCents });
    cart.totalCents += priceCents * quantity;
    return { status: 201, body: cart };
  }

  private order({ method, body }: ShopCall, id: string, part: string): ShopAnswer {
    if (method === 'GET' && id === '') return { status: 200, body: list(this.orders) };
    const found = this.orders.find((one) => one.id === id);
    if (part === 'cancel' && found) found.status = 'cancelled';
    if (id !== '') return found ? { status: 200, body: found } : notFound;
    const [placed] = this.orders;
    if (placed) return { status: 200, body: placed };
    const cart = this.carts.get((body as { cartId: string }).cartId);
    const order = { ...cart, id: this.nextId('order'), status: 'confirmed', paymentId: this.nextId('payment'), synthetic: true };
    this.orders.push(order);
    return { status: 201, body: order };
  }

  private nextId(kind: string): string {
    this.made += 1;
    return `${kind}-${this.made}`;
  }
}
