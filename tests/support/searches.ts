import type { TestStore } from './store.ts';

export interface SearchAnswer {
  readonly status: number;
  readonly instance: string;
  /** Wall time of the answer. */
  readonly at: number;
}

export interface Searches {
  /** Sends no more; the answers to all that were sent. */
  stop(): Promise<readonly SearchAnswer[]>;
}

/** Searches at a stamp, of 36 ms of a core each, until they are stopped: as many as are due, whenever the machine lets them. */
export function searchesOf(store: TestStore, stamp: string, perSecond: number): Searches {
  const sent: Promise<SearchAnswer>[] = [];
  const startedAt = performance.now();
  const timer = setInterval(() => {
    while (sent.length < ((performance.now() - startedAt) / 1_000) * perSecond) {
      const answer = store
        .send(`${store.contoso.urls[stamp]}/api/search?q=trail`)
        .then(({ status, headers }) => ({ status, instance: String(headers['x-contoso-instance']), at: Date.now() }));
      // `stop` tells of it.
      answer.catch(() => undefined);
      sent.push(answer);
    }
  }, 5);
  return {
    stop() {
      clearInterval(timer);
      return Promise.all(sent);
    },
  };
}
