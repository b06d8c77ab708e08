export type NoticeState = 'opened' | 'reminded' | 'resolved';

/** A message on its way to the webhook. */
export interface Notice {
  readonly seq: number;
  readonly key: string;
  readonly state: NoticeState;
  readonly atMs: number;
  readonly attempts: number;
  /** What became of the last attempt; empty before the first. */
  readonly outcome: string;
  readonly delivery: 'waiting' | 'delivered' | 'given-up';
}

export function noticeOf(row: Readonly<Record<string, unknown>>): Notice {
  const states: readonly NoticeState[] = ['opened', 'reminded', 'resolved'];
  const deliveries: readonly Notice['delivery'][] = ['waiting', 'delivered', 'given-up'];
  return {
    seq: Number(row.seq),
    key: String(row.key),
    state: states.find((state) => state === row.state) ?? 'opened',
    atMs: Number(row.at),
    attempts: Number(row.attempts),
    outcome: String(row.outcome),
    delivery: deliveries.find((delivery) => delivery === row.delivery) ?? 'waiting',
  };
}
