import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The fields of /proc/<pid>/stat behind the name, which may itself hold spaces and brackets; see proc_pid_stat(5). */
const parentField = 1;
const startField = 19;

function fieldsOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    // Ended between the look and the reading, or a system without /proc.
    return undefined;
  }
}

/** When a living process started, in a form that only compares; undefined where nothing tells. A recycled pid differs. */
export function startOf(pid) {
  if (process.platform === 'linux') return fieldsOf(pid)?.[startField];
  if (process.platform === 'win32') return undefined;
  return spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() || undefined;
}

/** The processes that a process has started, and theirs; empty where the system doesn't tell. */
export function descendantsOf(pid) {
  const parents = process.platform === 'linux' ? parentsFromProc() : parentsFromPs();
  const found = [pid];
  for (const parent of found) for (const [child, its] of parents) if (its === parent) found.push(child);
  return found.slice(1);
}

function parentsFromProc() {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => [Number(pid), Number(fieldsOf(pid)?.[parentField])]);
}

function parentsFromPs() {
  if (process.platform === 'win32') return [];
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return (stdout ?? '').split('\n').map((line) => line.trim().split(/\s+/).map(Number));
}
