import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runStep, SetupError, which } from './process.mjs';

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

/** Playwright's download; where there is none to be had, Debian's package when that is ours to install. */
export async function installBrowser(root, say) {
  const cli = join(root, 'node_modules', 'playwright-core', 'cli.js');
  try {
    return await runStep(process.execPath, [cli, 'install', 'chromium-headless-shell', 'chromium'], { say });
  } catch {
    say("set-up: Playwright's browser could not be downloaded; trying Debian's chromium");
  }
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (!which('apt-get') || (sudo.length > 0 && !process.env.CI)) {
    throw new SetupError(
      `no browser: put chromium on PATH (on Debian: sudo apt-get install chromium), or run npx playwright install chromium`,
    );
  }
  const apt = ([program, ...args]) => runStep(program, args, { say, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  await apt([...sudo, 'apt-get', 'update']);
  await apt([...sudo, 'apt-get', 'install', '-y', '--no-install-recommends', 'chromium']);
}
