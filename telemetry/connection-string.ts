import { UsageError } from '../fixtures/environments/errors.ts';

/** The connection string is of no use; the message never repeats what may hold a key. */
export class ConnectionStringError extends UsageError {
  override readonly name = 'ConnectionStringError';
}

export interface Connection {
  readonly connectionString: string;
  /** Where envelopes go; Azure's global endpoint where the string names none. */
  readonly host: string;
}

const defaultEndpoint = 'https://dc.services.visualstudio.com';
const key = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Checks what the SDK would find out only after dropping what it was given. */
export function parseConnectionString(connectionString: string): Connection {
  const parts = connectionString
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const faults: string[] = [];
  const fields = new Map<string, string>();
  for (const [index, part] of parts.entries()) {
    const [name, value, ...more] = part.split('=');
    if (name === undefined || value === undefined || more.length > 0) faults.push(`part ${index + 1} is not Name=value`);
    else fields.set(name.trim().toLowerCase(), value.trim());
  }
  if (!key.test(fields.get('instrumentationkey') ?? ''))
    faults.push('InstrumentationKey is missing or not a lower-case GUID such as 00000000-0000-0000-0000-000000000000');
  const suffix = fields.get('endpointsuffix');
  const endpoint = fields.get('ingestionendpoint') ?? (suffix === undefined ? defaultEndpoint : `https://dc.${suffix}`);
  if (!URL.canParse(endpoint) || new URL(endpoint).protocol !== 'https:')
    faults.push('IngestionEndpoint is not an https URL such as https://westeurope-5.in.applicationinsights.azure.com/');
  if (faults.length > 0)
    throw new ConnectionStringError(
      `APPLICATIONINSIGHTS_CONNECTION_STRING (or telemetry.connectionString) is malformed: ${faults.join('; ')}`,
    );
  return { connectionString: parts.join(';'), host: new URL(endpoint).host };
}
