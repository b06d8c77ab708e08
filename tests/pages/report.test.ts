import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { junitXml } from '../../pages/report/junit.ts';
import { writeReport } from '../../pages/report/write.ts';
import { launchBrowser } from '../support/browser.ts';
import { payFailure, sampleReport, sampleResult } from '../support/sample-run.ts';

let folder: string;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'report-'));
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a report from disk as a person would, and notes every request and error of the page. */
async function open(name: string, change: Parameters<typeof sampleReport>[0], colorScheme: 'light' | 'dark' = 'light') {
  const file = writeReport(path.join(folder, name), sampleReport(change));
  const page: Page = await browser.newPage({ colorScheme, viewport: { width: 900, height: 1200 } });
  const requests: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(pathToFileURL(file).href);
  return { page, requests, errors, file };
}

describe('report.html', () => {
  test('opens from disk, draws its charts and asks no other host', async () => {
    const { page, requests, errors, file } = await open('whole', {});
    expect(await page.locator('canvas').count()).toBe(2);
    expect(await page.locator('h1').innerText()).toBe('✗ fail');
    expect(await page.getByText('checkout › pay (westeurope): expected status 201, got 503 after 812 ms').count()).toBe(1);
    expect(requests).toEqual([pathToFileURL(file).href]);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('shows states by symbol and word as well as colour', async () => {
    const { page } = await open('words', {}, 'dark');
    expect(await page.locator('td.bad').innerText()).toBe('✗ 1.8 s http');
    expect(await page.locator('td.good').first().innerText()).toBe('✓ 123 ms passed');
    expect(await page.getByText('not run').count()).toBe(4);
    await page.close();
  });

  test('shows text from the store as text', async () => {
    const hostile = '<img src=x onerror="document.title=1"></script><script>document.title=2</script>';
    const failure = { ...payFailure, seen: hostile };
    const load = undefined;
    const { page, errors } = await open('hostile', {
      results: [sampleResult({ outcome: 'failed', failure, warnings: [hostile] })],
      load,
    });
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toContain('fail');
    expect(await page.locator('li').innerText()).toContain(hostile);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('tells of delivery where results were published, and not where none are: a gate', async () => {
    const told = async (change: Parameters<typeof sampleReport>[0]) => {
      const { page } = await open('delivery', change);
      const count = await page.getByText('accepted by Application Insights').count();
      await page.close();
      return count;
    };
    expect(await told({})).toBe(1);
    expect(await told({ delivery: undefined })).toBe(0);
  });

  test('fits a phone without scrolling the page sideways', async () => {
    const { page } = await open('phone', {});
    await page.setViewportSize({ width: 360, height: 700 });
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollWidth), { timeout: 60_000 })
      .toBeLessThanOrEqual(360);
    await page.close();
  });
});

describe('the files beside it', () => {
  test('report.json holds the run as it was', () => {
    writeReport(path.join(folder, 'json'), sampleReport());
    expect(JSON.parse(readFileSync(path.join(folder, 'json', 'report.json'), 'utf8'))).toEqual(sampleReport());
  });

  test('junit.xml counts failures, and inconclusive as errors', () => {
    const xml = junitXml(sampleReport());
    expect(xml).toMatch(/<testsuites tests="8" failures="2" errors="2" skipped="0">/);
    expect(xml).toContain('name="browse [staging]"');
    expect(xml).toContain('expected status 201, got 503 after 812 ms');
    expect(xml).toContain('message="no samples"');
  });

  test('junit.xml names a fault of the suite as an error', () => {
    expect(junitXml(sampleReport({ faults: ['k6 could not be started'], results: [], load: undefined }))).toMatch(
      /errors="1"[\s\S]*k6 could not be started/,
    );
  });
});
