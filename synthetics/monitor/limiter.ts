interface Waiting {
  readonly target: string;
  readonly start: () => void;
}

/** Bounds what runs at the same time, overall and per target; who waits is served in order, as soon as both allow it. */
export class Limiter {
  private overall: number;
  private perTarget: number;
  private running = 0;
  private readonly ofTarget = new Map<string, number>();
  private waiting: Waiting[] = [];

  constructor(limits: { readonly overall: number; readonly perTarget: number }) {
    this.overall = limits.overall;
    this.perTarget = limits.perTarget;
  }

  /** Takes effect with the next start. */
  setLimits(limits: { readonly overall: number; readonly perTarget: number }): void {
    this.overall = limits.overall;
    this.perTarget = limits.perTarget;
    this.serve();
  }

  /** Waits for its turn, then runs. */
  async run<T>(target: string, act: () => Promise<T>): Promise<T> {
    if (!this.fits(target)) await new Promise<void>((start) => this.waiting.push({ target, start }));
    else this.take(target);
    try {
      return await act();
    } finally {
      this.running -= 1;
      this.ofTarget.set(target, (this.ofTarget.get(target) ?? 1) - 1);
      this.serve();
    }
  }

  private fits(target: string): boolean {
    return this.running < this.overall && (this.ofTarget.get(target) ?? 0) < this.perTarget;
  }

  private take(target: string): void {
    this.running += 1;
    this.ofTarget.set(target, (this.ofTarget.get(target) ?? 0) + 1);
  }

  private serve(): void {
    if (this.waiting.length === 0) return;
    this.waiting = this.waiting.filter(({ target, start }) => {
      if (!this.fits(target)) return true;
      this.take(target);
      start();
      return false;
    });
  }
}
