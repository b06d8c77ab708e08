import { randomBytes } from 'k6/crypto';
import exec from 'k6/execution';
import http from 'k6/http';
import type { Target } from '../../fixtures/environments/targets.ts';
import type { LoadEnvironment } from './environment.ts';
import type { SetUp } from './shopping.ts';
import { fetchToken } from './tokens.ts';

/**
 * k6's setup: looks whether every target answers, whatever it says, and fetches the token that all virtual users begin with.
 * Without a store or a token nothing can be measured: the run is aborted (exit code 108) with what to do about it.
 */
export function ready(environment: LoadEnvironment, targets: readonly Target[]): SetUp {
  for (const target of targets) {
    const reply = http.get(`${target.endpoint}/api/health`, {
      headers: target.headers,
      redirects: 0,
      tags: { name: 'GET /api/health' },
    });
    if (reply.status === 0)
      exec.test.abort(`${target.name}: no answer from ${target.endpoint} (${reply.error})${hint(environment)}`);
  }
  try {
    return { token: fetchToken(environment.auth), run: hexOf(randomBytes(8)) };
  } catch (error) {
    exec.test.abort(`${error instanceof Error ? error.message : error}${hint(environment)}`);
    throw error;
  }
}

/** The line that `npm run local` prints, for who runs k6 by hand. */
function hint({ embedded, name }: LoadEnvironment): string {
  if (!embedded) return '';
  const root = decodeURIComponent(
    import.meta
      .resolve('../..')
      .replace(/^file:\/\//, '')
      .replace(/\/$/, ''),
  );
  const ca = `${root}/.local/${name === 'local' ? 'ca.pem' : `ca-${name}.pem`}`;
  const path = `${root}/.local/bin:${root}/node_modules/.bin:$PATH`;
  const line = `export PATH="${path}" SSL_CERT_FILE="${ca}" TARGET_ENV="${__ENV.TARGET_ENV || 'local'}"`;
  return `. Start the store with npm run local, and in this shell: ${line}`;
}

const hexOf = (bytes: ArrayBuffer) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
