/**
 * V8's, for a process that runs for days beside others: by default it lets garbage grow to several times of what is in use
 * before it looks, as suits a short program on a machine of its own. Costs some percent of the monitor's CPU, and halves its memory.
 */
export const residentFlags: readonly string[] = ['--max-semi-space-size=8', '--heap-growing-percent=25'];
