import { z } from 'zod';
import { loadVerdictSchema } from './verdict.ts';

/** The JSON Schema of `verdict.json`, for pipelines that read it; `verdict.schema.json` beside this file holds it. */
export function verdictSchemaText(): string {
  const { $schema, ...rest } = z.toJSONSchema(loadVerdictSchema);
  return `${JSON.stringify({ $schema, title: 'Verdict of a load run', ...rest }, null, 2)}\n`;
}
