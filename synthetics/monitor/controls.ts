import { Agent, request } from 'undici';
import type { Clock } from './clock.ts';

/** Whether most of the controls could not be reached: then what fails may be the probe's own network. */
export type AskControls = () => Promise<ControlsSeen>;

interface ControlsSeen {
  readonly mostFailed: boolean;
  /** `2 of 2 controls failed` */
  readonly seen: string;
}

const limitMs = 4_000;
/** Checks that fail together share one answer. */
const freshForMs = 5_000;

/** Reaches a control: any HTTP answer will do, and none of it is read. */
export type Reach = (url: string) => Promise<boolean>;

const overHttps: Reach = async (url) => {
  const agent = new Agent({ connect: { maxCachedSessions: 0 } });
  try {
    const { body } = await request(url, { method: 'HEAD', dispatcher: agent, signal: AbortSignal.timeout(limitMs) });
    await body.dump();
    return true;
  } catch {
    return false;
  } finally {
    await agent.destroy();
  }
};

/** Asks all controls at once, on new connections. With fewer than two nothing can be said against the probe. */
export function askControls(urls: readonly string[], clock: Clock, reach: Reach = overHttps): AskControls {
  let asked: { readonly atMs: number; readonly seen: Promise<ControlsSeen> } | undefined;
  return () => {
    if (urls.length < 2) return Promise.resolve({ mostFailed: false, seen: 'there are no controls' });
    const now = clock.now();
    if (!asked || Math.abs(now - asked.atMs) > freshForMs) asked = { atMs: now, seen: ask(urls, reach) };
    return asked.seen;
  };
}

async function ask(urls: readonly string[], reach: Reach): Promise<ControlsSeen> {
  const reached = await Promise.all(urls.map(reach));
  const failed = reached.filter((ok) => !ok).length;
  return { mostFailed: failed * 2 > urls.length, seen: `${failed} of ${urls.length} controls failed` };
}
