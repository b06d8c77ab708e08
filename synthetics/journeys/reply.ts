import { RuleBroken } from './failures.ts';
import type { ShopReply } from './shopper.ts';
import type { Answer } from './transport.ts';

/** A reply keeps the runner's answer and parses it when asked. */
export class Reply implements ShopReply {
  declare private readonly answer: Answer;

  constructor(answer: Answer) {
    this.answer = answer;
  }

  get status(): number {
    return this.answer.status;
  }

  get durationMs(): number {
    return this.answer.durationMs;
  }

  header(name: string): string | undefined {
    return this.answer.header(name);
  }

  find(path: string): unknown {
    return this.answer.find?.(path);
  }

  json(): unknown {
    try {
      return this.answer.json ? this.answer.json() : JSON.parse(this.answer.body);
    } catch {
      throw new RuleBroken('body is JSON', this.answer.body === '' ? 'an empty body' : this.answer.body, 'assertion');
    }
  }
}
