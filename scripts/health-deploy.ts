import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { azureFiles, type NamedTemplate, templatesOf } from '../health/deploy/generate.ts';
import { placeOf } from '../health/deploy/place.ts';
import type { ParameterName } from '../health/deploy/template.ts';
import { webTestHeaders } from '../health/deploy/web-tests.ts';
import { changeLines, WhatIfError } from '../health/deploy/what-if.ts';
import { type Arm, ArmError } from '../telemetry/arm.ts';
import { armOf } from './azure.ts';
import { type ExitCode, type Interruption, parseFlags } from './exit-code.ts';

const apiVersion = '2021-04-01';

/** `npm run health -- generate [--env <name or path>] [--out <folder>]`: the templates and queries, as files. */
export async function generateCommand(_: Interruption, args: readonly string[]): Promise<ExitCode> {
  const { values } = parseFlags({ out: { type: 'string' } }, [...args]);
  const environment = loadEnvironment(values.env);
  const folder = values.out ?? join('deploy', 'azure', environment.name);
  const files = Object.entries(azureFiles(environment));
  for (const [path, text] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  console.log(`${files.length} files in ${folder}`);
  return 0;
}

/**
 * `npm run health -- deploy [--env <name or path>] [--what-if]`: the templates, one after the other, to the resource group of
 * the workspace `global`; with --what-if nothing is changed, and what would be is told. Exit code 1 where Azure refuses one, 2 where it
 * can't tell what would change.
 */
export async function deployCommand({ signal }: Interruption, args: readonly string[]): Promise<ExitCode> {
  const { values } = parseFlags({ 'what-if': { type: 'boolean' } }, [...args]);
  const environment = loadEnvironment(values.env);
  const given = parametersOf(environment);
  const arm = await armOf(environment);
  return deployTemplates({ arm, environment, given, isWhatIf: values['what-if'] === true, signal, say: console.log });
}

export interface Deployment {
  readonly arm: Pick<Arm, 'put' | 'post'>;
  readonly environment: Environment;
  readonly given: Readonly<Partial<Record<ParameterName, unknown>>>;
  readonly isWhatIf: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** One deployment a template, in their order; the first that fails ends it, as the next ones need what it makes. */
export async function deployTemplates({ arm, environment, given, isWhatIf, signal, say }: Deployment): Promise<ExitCode> {
  const { subscription, resourceGroup, prefix } = placeOf(environment);
  const group = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.Resources/deployments`;
  for (const { name, template } of templatesOf(environment)) {
    if (signal.aborted) return 1;
    const path = `${group}/${prefix}-${name}`;
    const body = { properties: { mode: 'Incremental', template, parameters: valuesFor(template, given) } };
    try {
      if (isWhatIf) {
        const lines = changeLines(await arm.post(`${path}/whatIf`, apiVersion, body));
        for (const line of [`${name}:`, ...lines]) say(line);
      } else {
        await arm.put(path, apiVersion, body);
        say(`${name}: ${template.resources.length} resources`);
      }
    } catch (error) {
      if (error instanceof WhatIfError) say(`${name}: ${error.message}`);
      else if (error instanceof ArmError) say(`${name}: ${error.code}: ${error.message}`);
      else throw error;
      return error instanceof WhatIfError ? 2 : 1;
    }
  }
  return 0;
}

/** Values of the parameters that a template has; those without one have a default. */
function valuesFor({ parameters }: NamedTemplate['template'], given: Deployment['given']): Record<string, { value: unknown }> {
  const wanted = Object.entries(given).filter(([name]) => Object.hasOwn(parameters, name));
  return Object.fromEntries(wanted.map(([name, value]) => [name, { value }]));
}

/** @throws ConfigurationError naming what a deployment needs and the file hasn't */
export function parametersOf(environment: Environment): Deployment['given'] {
  const { subscription } = placeOf(environment);
  const webhookUrl = environment.alerts.webhook?.url;
  if (webhookUrl === undefined) {
    const fault = { path: 'alerts.webhook.url', seen: 'nothing', allowed: 'where Azure sends alerts, best as ${NAME}' };
    throw new ConfigurationError(`Environment ${environment.name}`, [fault]);
  }
  return { subscriptionId: subscription, webhookUrl, headers: webTestHeaders(environment) };
}
