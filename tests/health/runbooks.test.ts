import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { incidentKinds } from '../../health/findings.ts';
import { components, globalComponents, systemFlows } from '../../health/model.ts';
import { runbookOf } from '../../health/runbooks.ts';

const headings = new Set(
  [...readFileSync(join(__dirname, '../../docs/runbooks.md'), 'utf8').matchAll(/^## (.+)$/gm)].map(([, name]) => name),
);

describe('runbooks', () => {
  const causes = [...Object.keys(components), ...Object.keys(globalComponents), ...Object.keys(systemFlows)];
  const alerts = [
    ...causes.map((cause) => ({ kind: 'health' as const, cause })),
    ...incidentKinds.filter((kind) => kind !== 'health').map((kind) => ({ kind, cause: 'any' })),
  ];
  it.each(alerts)('there is one for $kind $cause', (alert) => {
    const [file, heading] = runbookOf(alert).split('#');
    expect(file).toBe('docs/runbooks.md');
    expect(headings).toContain(heading);
  });
});
