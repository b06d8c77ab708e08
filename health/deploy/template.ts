/** A resource of an ARM template; `properties` as its provider takes them. */
export interface Resource<P extends object = object> {
  readonly type: string;
  readonly apiVersion: string;
  readonly name: string;
  readonly location?: string;
  readonly kind?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly identity?: { readonly type: 'SystemAssigned' };
  /** `*`: put over what is there. */
  readonly etag?: '*';
  readonly dependsOn?: readonly string[];
  readonly properties: P;
}

interface Parameter {
  readonly type: 'string' | 'securestring' | 'secureObject';
  readonly defaultValue?: string;
  readonly metadata: { readonly description: string };
}

export interface Template {
  readonly $schema: string;
  readonly contentVersion: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly resources: readonly unknown[];
}

/** What is secret, or differs from one subscription to the next. */
const parameters = {
  subscriptionId: {
    type: 'string',
    defaultValue: '[subscription().subscriptionId]',
    metadata: { description: 'Subscription of the workspaces and of what they watch' },
  },
  location: {
    type: 'string',
    defaultValue: '[resourceGroup().location]',
    metadata: { description: 'Region of rules, web tests, workbook and health model' },
  },
  webhookUrl: { type: 'securestring', metadata: { description: 'Where alerts go, in the common alert schema' } },
  headers: {
    type: 'secureObject',
    metadata: { description: 'Headers of web tests by target: { "<target>": [{ "key": "…", "value": "…" }] }' },
  },
} as const satisfies Record<string, Parameter>;

export type ParameterName = keyof typeof parameters;
export const parameter = (name: ParameterName): string => `[parameters('${name}')]`;

/** The most that Azure Resource Manager takes in one template ("Understand limits for template sizes"). */
export const mostResources = 800;

/**
 * A template of these resources, for any subscription: ids in `subscription` follow the parameter instead. It has the
 * parameters that it uses.
 */
export function templateOf(subscription: string, resources: readonly Resource[]): Template {
  const variables: Record<string, string> = {};
  const free = resources.map((resource) => withoutSubscription(resource, subscription, variables));
  const text = JSON.stringify(free);
  const used = Object.entries(parameters).filter(([name]) => text.includes(`parameters('${name}')`));
  return {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    parameters: Object.fromEntries(used),
    variables,
    resources: free,
  };
}

const marker = '{subscription}';
/** Expressions have at most 24,576 characters, and variables no limit of their own. */
const longestLiteral = 1_000;

function withoutSubscription(value: unknown, subscription: string, variables: Record<string, string>): unknown {
  const within = (each: unknown) => withoutSubscription(each, subscription, variables);
  if (typeof value === 'string') return freed(value, subscription, variables);
  if (Array.isArray(value)) return value.map(within);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [freed(key, subscription, variables), within(each)] as const),
  );
}

function freed(text: string, subscription: string, variables: Record<string, string>): string {
  if (!text.includes(subscription)) return text;
  const marked = text.replaceAll(subscription, marker);
  let source = `'${marked.replaceAll("'", "''")}'`;
  if (marked.length > longestLiteral) {
    const name = `text${Object.keys(variables).length + 1}`;
    variables[name] = marked;
    source = `variables('${name}')`;
  }
  return `[replace(${source}, '${marker}', parameters('subscriptionId'))]`;
}
