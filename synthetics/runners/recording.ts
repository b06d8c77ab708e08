import type { RequestFailed } from '../journeys/failures.ts';
import type { Hooks } from '../journeys/run.ts';
import type { Answer, Transport, WireRequest } from '../journeys/transport.ts';
import { type Exchange, evidenceOf, type Last } from './evidence.ts';
import type { TokenSource } from './token.ts';

/** What both runners of Node's process share: its clock, the token source, and the last exchange kept as evidence. */
export abstract class RecordingTransport implements Transport {
  private last: Last | undefined;
  private readonly tokens: TokenSource;

  constructor(tokens: TokenSource) {
    this.tokens = tokens;
  }

  protected abstract send(wire: WireRequest): Promise<Answer>;
  abstract close(): Promise<void>;

  now(): number {
    return performance.now();
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  token(fresh: boolean): Promise<string> {
    return this.tokens.token(fresh);
  }

  async exchange(wire: WireRequest): Promise<Answer> {
    try {
      const answer = await this.send(wire);
      // Its keys may have changed, or this machine's clock: the failure stands, the next attempt signs in anew.
      const { authorization } = wire.headers;
      if (answer.status === 401 && authorization !== undefined) this.tokens.refused?.(authorization.replace(/^Bearer /, ''));
      this.last = { wire, answer };
      return answer;
    } catch (error) {
      this.last = { wire, error: error as RequestFailed };
      throw error;
    }
  }

  /** Also keeps the exchange at which the first rule broke: clean-ups come after it, and send requests of their own. */
  keepingEvidence(hooks: Hooks, keep: (exchange: Exchange) => void): Hooks {
    let kept = false;
    const rule: Hooks['rule'] = (name, holds, seen, step) => {
      if (!holds && !kept && this.last) {
        kept = true;
        keep(evidenceOf(this.last));
      }
      hooks.rule?.(name, holds, seen, step);
    };
    return { ...hooks, rule };
  }
}
