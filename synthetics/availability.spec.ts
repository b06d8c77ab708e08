import { test } from '@playwright/test';
import { environmentOfRound } from '../fixtures/environments/of-round.ts';
import { type Target, targetsOf } from '../fixtures/environments/targets.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { shopperOf } from './journeys/plan.ts';
import { runInPlaywright } from './runners/playwright.ts';
import { checksOf } from './runners/prepare.ts';
import { tokenSource } from './runners/token.ts';

const environment = environmentOfRound();
const tokens = tokenSource(environment.auth, readVariables());
const targets = targetsOf(environment);
const { checks, leftOut } = checksOf(environment, targets);

/** `--grep @westeurope` is what shoppers meet in that stamp or region; a slot is asked for by its own name: `--grep @staging`. */
const tagsOf = ({ name, region, stamp, slot }: Target) =>
  slot === undefined ? [...new Set([name, region ?? name])].map((part) => `@${part}`) : [`@${slot}-${stamp}`];

for (const target of targets) {
  test.describe(target.name, { tag: tagsOf(target) }, () => {
    for (const [index, check] of checks.entries()) {
      if (check.target !== target) continue;
      test(check.journey.name, async () => {
        // Tests run side by side: none shares its shopper with another until the pool is used up.
        await runInPlaywright({ environment, check, tokens, shopperId: shopperOf(environment.shoppers, index) }, test.info());
      });
    }
    for (const { journey, reason } of leftOut.filter((check) => check.target === target)) {
      test(journey.name, () => test.skip(true, reason));
    }
  });
}
