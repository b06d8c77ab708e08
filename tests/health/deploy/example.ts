import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnvironment } from '../../../fixtures/environments/load.ts';
import type { Environment } from '../../../fixtures/environments/schema.ts';

export const root = join(__dirname, '../../..');
export const subscription = '11111111-2222-3333-4444-555555555555';

/** production.example.json, with every variable standing for itself, and changes made by hand. */
export function example(change: (document: Environment) => void = () => undefined): Environment {
  const text = readFileSync(join(root, 'fixtures/environments/production.example.json'), 'utf8');
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
  const variables = { ...Object.fromEntries(names.map((name) => [name, name])), AZURE_SUBSCRIPTION_ID: subscription };
  const document = parseEnvironment(text, 'production.example.json', variables);
  change(document);
  return document;
}
