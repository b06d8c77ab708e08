import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** See fake-set-up.mjs. */
interface FakeStep {
  readonly name: string;
  readonly kind?: 'shell' | 'nothing' | 'brought' | 'npm' | 'go';
  readonly version?: string;
  readonly shell?: string;
}

interface Ended {
  readonly code: number | null;
  /** Lines on standard error and output. */
  readonly said: readonly string[];
}

interface Running {
  readonly pid: number;
  /** Lines so far. */
  readonly said: () => readonly string[];
  readonly ended: Promise<Ended>;
}

/** A folder for set-ups with fake steps; `remove` it at the end. */
export function newSetUp() {
  const folder = mkdtempSync(join(tmpdir(), 'set-up-'));
  const inside = (...parts: string[]) => join(folder, ...parts);
  const start = (steps: readonly FakeStep[], variables: Record<string, string> = {}): Running => {
    const PATH = [inside('path'), process.env.PATH].join(delimiter);
    const script = join(__dirname, 'fake-set-up.mjs');
    // A group of its own, as a terminal gives each command.
    const child = spawn(process.execPath, [script, folder, JSON.stringify(steps)], {
      detached: true,
      env: { ...process.env, PATH, ...variables },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const said = () => text.split('\n').filter((line) => line !== '');
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, said: said() }));
    return { pid: child.pid ?? 0, said, ended };
  };
  return {
    inside,
    start,
    run: (steps: readonly FakeStep[], variables?: Record<string, string>) => start(steps, variables).ended,
    write(path: string, text: string, mode = 0o644) {
      mkdirSync(join(inside(path), '..'), { recursive: true });
      writeFileSync(inside(path), text, { mode });
    },
    read: (path: string) => (existsSync(inside(path)) ? readFileSync(inside(path), 'utf8') : undefined),
    /** Names in `.local`. */
    local: () => (existsSync(inside('.local')) ? readdirSync(inside('.local')).sort() : []),
    /** One `name version` an installation that began. */
    installs: () => (existsSync(inside('installs')) ? readFileSync(inside('installs'), 'utf8').trim().split('\n') : []),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that nobody has waited for yet is as good as gone.
    return !existsSync('/proc') || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
