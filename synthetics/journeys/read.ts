import { RuleBroken } from './failures.ts';
import type { ShopReply } from './shopper.ts';

/** JSON of unknown shape, read value by value; what isn't there as promised fails the step and says which. */
export class Json {
  readonly value: unknown;
  readonly place: string;

  constructor(value: unknown, place: string) {
    this.value = value;
    this.place = place;
  }

  get(key: string): Json {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.broken('an object');
    return new Json((value as Record<string, unknown>)[key], `${this.place}.${key}`);
  }

  /** A text that isn't empty: shoppers need to read it, or the next request to name it. */
  text(key: string): string {
    const part = this.get(key);
    if (typeof part.value !== 'string' || part.value === '') throw part.broken('a text');
    return part.value;
  }

  number(key: string): number {
    const part = this.get(key);
    if (typeof part.value !== 'number') throw part.broken('a number');
    return part.value;
  }

  flag(key: string): boolean {
    const part = this.get(key);
    if (typeof part.value !== 'boolean') throw part.broken('true or false');
    return part.value;
  }

  list(key: string): Json[] {
    const part = this.get(key);
    if (!Array.isArray(part.value)) throw part.broken('a list');
    return part.value.map((entry: unknown, index) => new Json(entry, `${part.place}[${index}]`));
  }

  private broken(wanted: string): RuleBroken {
    return new RuleBroken(`${this.place} to be ${wanted}`, this.value === undefined ? 'nothing' : this.value, 'assertion');
  }
}

/** The body of an answer, called `what` in failures: `product.name to be a text`. */
export function read(reply: ShopReply, what: string): Json {
  return new Json(reply.json(), what);
}
