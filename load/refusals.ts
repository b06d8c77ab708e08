import type { Refusal } from './verdict/observation.ts';

/** More than layers × routes × codes are; what comes beyond is counted as one, so that memory stays bounded. */
const mostKinds = 500;
const beyond = 'beyond';

type Count = { -readonly [K in keyof Refusal]: Refusal[K] };

/** Counts refused requests by what they said. */
export class RefusalTally {
  private readonly kinds = new Map<string, Count>();

  /** `column`: k6's system tags have columns of their own; `tags`: the others. */
  add(column: (name: string) => string, tags: Readonly<Record<string, string>>): void {
    const { layer = '', code = '', external = '', app = 'no', retried = 'no' } = tags;
    const name = column('name') || (tags.name ?? '');
    const status = column('status') || (tags.status ?? '');
    const key = [name, status, layer, code, external, app, retried].join('\n');
    const known = this.kinds.get(key);
    if (known) known.count += 1;
    else if (this.kinds.size < mostKinds)
      this.kinds.set(key, {
        name,
        status: Number(status),
        layer,
        code,
        external,
        byApp: app === 'yes',
        retried: retried === 'yes',
        count: 1,
      });
    else this.addBeyond();
  }

  list(): readonly Refusal[] {
    return [...this.kinds.values()];
  }

  private addBeyond(): void {
    const other = this.kinds.get(beyond);
    if (other) other.count += 1;
    else
      this.kinds.set(beyond, {
        name: beyond,
        status: 0,
        layer: '',
        code: '',
        external: '',
        byApp: false,
        retried: false,
        count: 1,
      });
  }
}
