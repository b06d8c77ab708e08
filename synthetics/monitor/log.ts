/** One line of JSON an entry: `{"at":"2026-11-23T12:00:00.000Z","level":"info","event":"round",…}`. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

export function jsonLog(write: (line: string) => void, nowMs: () => number): Log {
  const entry =
    (level: 'info' | 'warn') =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
      write(`${JSON.stringify({ at: new Date(nowMs()).toISOString(), level, event, ...fields })}\n`);
  return { info: entry('info'), warn: entry('warn') };
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
