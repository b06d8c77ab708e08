import type { ControlArm, ResourceIds } from '../../load/control/actions.ts';

export const ids: ResourceIds = {
  site: (stamp) => `/sites/${stamp}`,
  origin: (stamp) => `/origins/${stamp}`,
  plan: (plan) => `/plans/${plan}`,
};

interface Origin {
  enabledState: 'Enabled' | 'Disabled';
  weight: number;
}

/** Two stamps with a slot each, their origins and a plan, as ARM tells of them. */
export class FakeArm implements ControlArm {
  readonly production: Record<string, string> = { blue: 'old', green: 'old' };
  readonly staging: Record<string, string> = { blue: 'new', green: 'new' };
  readonly lastSwap: Record<string, string | null> = { blue: null, green: null };
  readonly origins: Record<string, Origin> = {
    blue: { enabledState: 'Enabled', weight: 50 },
    green: { enabledState: 'Disabled', weight: 50 },
  };
  readonly plans: Record<string, number> = { plan: 2 };
  /** `PATCH /origins/blue`, reads left out. */
  readonly writes: string[] = [];
  /** Origins that were in after each write. */
  readonly fewestIn: number[] = [];
  private swaps = 0;
  private underWay: (() => void) | undefined;
  private looks = 0;
  private steps = 0;
  private killAt = Number.POSITIVE_INFINITY;

  /** The caller's process dies so many steps from now; a step is a request on its way, or its answer. */
  kill(inSteps: number): void {
    this.killAt = this.steps + inSteps;
  }

  /** Another process calls. */
  revive(): void {
    this.killAt = Number.POSITIVE_INFINITY;
  }

  snapshot(): unknown {
    const { production, staging, origins, plans } = this;
    return structuredClone({ production, staging, origins, plans });
  }

  async get(path: string): Promise<unknown> {
    this.step();
    const [, kind, name = ''] = path.split('/');
    // A swap under way ends by itself, after a few looks.
    if (this.underWay && ++this.looks > 2) this.underWay();
    const answer: Record<string, unknown> = {
      sites: { properties: { slotSwapStatus: this.lastSwap[name] ? { timestampUtc: this.lastSwap[name] } : null } },
      origins: { properties: { ...this.origins[name], priority: 1 } },
      plans: { sku: { name: 'S2', capacity: this.plans[name] } },
    };
    this.step();
    return answer[kind ?? ''];
  }

  async patch(path: string, _version: string, body: unknown, accepted?: (operation: object) => void): Promise<unknown> {
    this.step();
    const [, kind, name = ''] = path.split('/');
    this.writes.push(`PATCH ${path}`);
    const { properties, sku } = body as { properties?: Partial<Origin>; sku?: { capacity: number } };
    if (kind === 'origins') this.origins[name] = { ...this.origins[name], ...properties } as Origin;
    else this.plans[name] = sku?.capacity ?? 0;
    this.fewestIn.push(Object.values(this.origins).filter(({ enabledState }) => enabledState === 'Enabled').length);
    this.step();
    accepted?.({ status: 'patch' });
    this.step();
    return undefined;
  }

  async post(path: string, _version: string, _body?: unknown, accepted?: (operation: object) => void): Promise<unknown> {
    this.step();
    const name = path.split('/')[2] ?? '';
    if (this.underWay) throw new Error(`a swap of stamp ${name} is under way`);
    this.writes.push(`POST ${path}`);
    this.looks = 0;
    this.underWay = () => {
      this.underWay = undefined;
      [this.production[name], this.staging[name]] = [this.staging[name] ?? '', this.production[name] ?? ''];
      this.swaps += 1;
      this.lastSwap[name] = `swap ${this.swaps}`;
    };
    this.step();
    accepted?.({ status: 'swap' });
    this.step();
    this.underWay();
    this.step();
    return undefined;
  }

  async over(): Promise<void> {
    this.step();
    this.underWay?.();
  }

  private step(): void {
    this.steps += 1;
    if (this.steps >= this.killAt) throw new Error('killed');
  }
}
