import { become } from './become.ts';
import { residentFlags } from './resident-flags.ts';

/** `npm run monitor`: for days in one process, hence without the compiler that started it. */
void become('scripts/monitor-run.ts', residentFlags);
