import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Interrupted, outputOf, runStep, SetupError, which } from './process.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** A Chromium on PATH, else the one that Playwright downloaded. */
export function findBrowser(root) {
  return names.map((name) => which(name)).find((file) => file !== undefined) ?? downloaded(root);
}

function downloaded(root) {
  // Loading Playwright takes 0.2 s; only where nothing is on PATH.
  if (!existsSync(join(root, 'node_modules', 'playwright-core'))) return undefined;
  const file = createRequire(join(root, 'package.json'))('playwright-core').chromium.executablePath();
  return existsSync(file) ? file : undefined;
}

/** Playwright's download; where none is to be had or it can't start, Debian's package when that is ours to install. */
export async function installBrowser(root, say) {
  const why = await downloadBrowser(root, say);
  if (why === undefined) return;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (!which('apt-get') || (sudo.length > 0 && !process.env.CI)) {
    throw new SetupError(
      `no browser (${why}): put chromium on PATH (on Debian: sudo apt-get install chromium), or run npx playwright install --with-deps chromium`,
    );
  }
  say(`set-up: ${why}; installing Debian's chromium, about a minute`);
  const apt = ([program, ...args]) => runStep(program, args, { say, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  await apt([...sudo, 'apt-get', 'update']);
  await apt([...sudo, 'apt-get', 'install', '-y', '--no-install-recommends', 'chromium']);
}

/** Why there is none afterwards, or nothing. */
async function downloadBrowser(root, say) {
  const cli = join(root, 'node_modules', 'playwright-core', 'cli.js');
  try {
    // Without a way out, half a minute a try and mirror is long to wait for an answer.
    const env = { PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: '10000' };
    await runStep(process.execPath, [cli, 'install', 'chromium-headless-shell', 'chromium'], { say, env });
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return "Playwright's browser could not be downloaded";
  }
  // A machine without the libraries that a browser needs has the file, and can't run it.
  if (outputOf(downloaded(root), ['--version']) !== '') return undefined;
  return "Playwright's browser was downloaded and doesn't start";
}
