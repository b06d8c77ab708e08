// What a k6 user would write for the same journey: the same requests, headers, tags, checks and metrics, in one function.
// It parses answers with `json()`, as k6's documentation does. The shared journey looks the two values up that it needs of a
// page, with k6's selectors: a script by hand that does so, too, takes three quarters of this one's CPU.
import { check } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';

interface Product {
  readonly id: string;
  readonly name: string;
  readonly brand: string;
  readonly description: string;
  readonly currency: string;
  readonly priceCents: number;
  readonly sizes: readonly number[];
}
interface List {
  readonly items: readonly Product[];
  readonly total: number;
}

const url = __ENV.SHOP_URL;
const iterations = Number(__ENV.ITERATIONS);
const pageSize = 20;

export const options = {
  systemTags: ['check', 'error_code', 'expected_response', 'method', 'name', 'scenario', 'status'],
  maxRedirects: 0,
  scenarios: { bench: { executor: 'shared-iterations', vus: 4, iterations } },
};

const duration = new Trend('journey_duration', true);
const refused = new Counter('refused_requests');
const retried = new Counter('throttle_retries');
const charge = new Trend('step_charge');
const instanceMet = new Counter('instance_met');
const met = new Set<string>();

/** Zipf with exponent 1 by the inverse of its sums. */
const sums: number[] = [];
for (let rank = 1, sum = 0; rank <= 200; rank += 1) {
  sum += 1 / rank;
  sums.push(sum);
}

function get(path: string, name: string, traceparent: string) {
  const reply = http.get(url + path, {
    headers: {
      accept: 'application/json',
      'user-agent': 'contoso-shoes-synthetics',
      traceparent,
      'x-synthetic-test': 'true',
    },
    tags: { name },
    timeout: 5000,
    redirects: 0,
    responseType: 'text',
  });
  const { status, headers } = reply;
  const instance = headers['X-Contoso-Instance'];
  if (instance !== undefined && !met.has(instance)) {
    met.add(instance);
    instanceMet.add(1, { instance });
  }
  if (status >= 400) refused.add(1, { name, status: String(status), layer: headers['X-Contoso-Layer'] ?? '' });
  const retries = headers['X-Contoso-Throttle-Retries'];
  if (retries !== undefined) retried.add(Number(retries));
  const units = headers['X-Contoso-Request-Charge'];
  if (units !== undefined) charge.add(Number(units));
  return reply;
}

const list = (page: number, traceparent: string) =>
  get(`/api/products?page=${page}&pageSize=${pageSize}`, 'GET /api/products', traceparent);

export default function () {
  const trace = exec.scenario.iterationInTest.toString(16).padStart(32, '0');
  const traceparent = `00-${trace}-f${trace.slice(17)}-01`;
  const { tags } = exec.vu.metrics;
  tags.journey = 'browse';
  tags.target = 'westeurope';
  const startedMs = Date.now();
  tags.step = 'open the catalogue';
  const first = list(1, traceparent);
  const catalogue = first.json() as unknown as List;
  check(first, { 'status 200': (r) => r.status === 200 });
  check(catalogue, { 'products in the catalogue': (c) => c.total > 0 });
  const aim = Math.random() * (sums[catalogue.total - 1] ?? 0);
  const wanted = sums.findIndex((sum) => sum > aim);
  const page = Math.floor(wanted / pageSize) + 1;
  let items = catalogue.items;
  if (page > 1) {
    const other = list(page, traceparent);
    check(other, { 'status 200': (r) => r.status === 200 });
    items = (other.json() as unknown as List).items;
  }
  const listed = items[wanted % pageSize];
  check(listed, { 'as many products as the total says': (p) => p !== undefined });
  if (!listed) return;
  tags.step = 'open a product';
  const reply = get(`/api/products/${listed.id}`, 'GET /api/products/{id}', traceparent);
  const product = reply.json() as unknown as Product;
  check(reply, { 'status 200': (r) => r.status === 200 });
  const texts = [product.name, product.brand, product.description, product.currency];
  if (texts.some((text) => typeof text !== 'string' || text === '')) throw new Error('a text is missing');
  check(product, {
    'the product that was asked for': (p) => p.id === listed.id,
    'a price above 0 cents': (p) => p.priceCents > 0,
    'the price of the catalogue, in cents': (p) => p.priceCents === listed.priceCents,
    'sizes to choose from': (p) => p.sizes.length > 0,
  });
  duration.add(Date.now() - startedMs, { outcome: 'passed' });
}
