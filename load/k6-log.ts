interface LogError {
  /** First line of the message, without its stack. */
  readonly message: string;
  /** Thrown by an iteration, which k6 neither counts nor lets the run fail for. */
  readonly inIteration: boolean;
}

/** An error in k6's log (logfmt); undefined for other lines, and for missed thresholds, which the exit code tells, too. */
export function readLogLine(line: string): LogError | undefined {
  if (!line.includes('level=error')) return undefined;
  const quoted = /msg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
  const message = quoted === undefined ? line : unquote(quoted);
  if (message.startsWith('thresholds on metrics')) return undefined;
  return { message: (message.split('\n')[0] ?? message).trim(), inIteration: line.includes(' executor=') };
}

/** Go quotes much as JSON does; where it doesn't, the text stays as it is. */
function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
