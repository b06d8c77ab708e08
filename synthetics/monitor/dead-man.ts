import { request } from 'undici';
import { wordOf } from '../runners/trouble.ts';

const limitMs = 5_000;

/** Tells a watcher outside that a round took place; the answer is why it could not be told. Never says the URL, which is a secret. */
export async function callDeadMan(url: string): Promise<string | undefined> {
  try {
    const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(limitMs) });
    await body.dump();
    // A redirect is not followed: whoever watches has not heard of it.
    return statusCode >= 200 && statusCode < 300 ? undefined : `status ${statusCode}`;
  } catch (error) {
    return wordOf(error);
  }
}
