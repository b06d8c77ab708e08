import Table from 'cli-table3';
import type { Environment } from '../fixtures/environments/schema.ts';
import { estimate, readPrices, usageOf } from '../synthetics/monitor/estimate.ts';
import { openOutbox } from '../telemetry/outbox.ts';

const dayMs = 86_400_000;

/** `npm run monitor -- --estimate`: what a month costs, from the day's results where there are any. */
export function printEstimate(environment: Environment, outboxFile: string): void {
  const prices = readPrices();
  const outbox = openOutbox(outboxFile, { now: Date.now });
  const measured = usageOf(outbox.recent({ since: Date.now() - dayMs }), Date.now());
  outbox.close();
  const month = estimate(environment, prices, measured);
  const money = (cost: number) => `${cost.toFixed(2)} ${prices.currency}`;
  const table = new Table({ head: ['a month', 'amount', 'cost'], style: { head: [], border: [] } });
  table.push(['checks', Math.round(month.checks), ''], ['requests', Math.round(month.requests), '']);
  for (const { what, amount, cost } of month.lines) table.push([what, amount, money(cost)]);
  table.push(['sum', '', money(month.cost)]);
  console.log(`environment ${environment.name}, one location, prices of ${prices.date}\n${table.toString()}`);
  console.log(`the same checks as standard availability tests: ${money(month.standardTestsCost)}`);
  if (month.assumed.length > 0) console.log(`typical, not measured: ${month.assumed.join(', ')}`);
  const unchecked = Object.values(prices.items).filter(({ checked }) => checked === 'memory').length;
  if (unchecked > 0)
    console.log(
      `${unchecked} of ${Object.keys(prices.items).length} prices are from memory: deploy/prices.json names where to check them`,
    );
}
