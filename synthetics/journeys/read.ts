import { RuleBroken } from './failures.ts';
import type { ShopReply } from './shopper.ts';

/** JSON of unknown shape, read value by value; what isn't there as promised fails the step and says which. */
export class Json {
  declare readonly value: unknown;
  declare readonly place: string;

  constructor(value: unknown, place: string) {
    this.value = value;
    this.place = place;
  }

  /** The value under a key; undefined where there is none. */
  get(key: string): unknown {
    const { value } = this;
    if (typeof value !== 'object' || value === null) throw broken(this.place, 'an object', value);
    const found = (value as Record<string, unknown>)[key];
    // Only what isn't there may be so for want of an object: in k6's engine this look costs more than the value.
    if (found === undefined && Array.isArray(value)) throw broken(this.place, 'an object', value);
    return found;
  }

  /** A text that isn't empty: shoppers need to read it, or the next request to name it. */
  text(key: string): string {
    const value = this.get(key);
    if (typeof value !== 'string' || value === '') throw broken(`${this.place}.${key}`, 'a text', value);
    return value;
  }

  number(key: string): number {
    const value = this.get(key);
    if (typeof value !== 'number') throw broken(`${this.place}.${key}`, 'a number', value);
    return value;
  }

  flag(key: string): boolean {
    const value = this.get(key);
    if (typeof value !== 'boolean') throw broken(`${this.place}.${key}`, 'true or false', value);
    return value;
  }

  list(key: string): JsonList {
    const value = this.get(key);
    if (!Array.isArray(value)) throw broken(`${this.place}.${key}`, 'a list', value);
    return new JsonList(value, `${this.place}.${key}[]`);
  }
}

/**
 * Entries are wrapped when they are looked at: of a page of products a shopper opens one. Which one broke a rule is not part
 * of the rule's name, under which k6 keeps a series of checks.
 */
class JsonList {
  declare readonly length: number;
  declare private readonly values: readonly unknown[];
  declare private readonly place: string;

  constructor(values: readonly unknown[], place: string) {
    this.length = values.length;
    this.values = values;
    this.place = place;
  }

  at(index: number): Json | undefined {
    return index < this.length ? new Json(this.values[index], this.place) : undefined;
  }

  /** Every entry, in order. */
  all(): Json[] {
    return this.values.map((value) => new Json(value, this.place));
  }
}

const broken = (place: string, wanted: string, value: unknown) =>
  new RuleBroken(`${place} to be ${wanted}`, value === undefined ? 'nothing' : value, 'assertion');

/** The body of an answer, called `what` in failures: `product.name to be a text`. */
export function read(reply: ShopReply, what: string): Json {
  return new Json(reply.json(), what);
}

/**
 * A page of a list, of which a shopper looks at one entry: k6 finds a value in a body in a tenth of the time that parsing the
 * whole takes. What isn't found so is read from the whole, which says what is wrong with it.
 */
export class Page {
  declare private readonly reply: ShopReply;
  declare private readonly what: string;

  constructor(reply: ShopReply, what: string) {
    this.reply = reply;
    this.what = what;
  }

  number(key: string): number {
    const found = this.reply.find(key);
    return typeof found === 'number' ? found : this.whole().number(key);
  }

  /** How many entries stand on it. */
  length(): number {
    return this.whole().list('items').length;
  }

  at(index: number): Json | undefined {
    const found = this.reply.find(`items.${index}`);
    return typeof found === 'object' ? new Json(found, `${this.what}.items[]`) : this.whole().list('items').at(index);
  }

  private whole(): Json {
    return read(this.reply, this.what);
  }
}
