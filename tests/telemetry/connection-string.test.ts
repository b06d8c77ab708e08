import { describe, expect, it } from 'vitest';
import { ConnectionStringError, parseConnectionString } from '../../telemetry/connection-string.ts';

const key = '11111111-2222-3333-4444-555555555555';
const full = `InstrumentationKey=${key};IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/;LiveEndpoint=https://westeurope.livediagnostics.monitor.azure.com/`;

describe('connection string', () => {
  it.each([
    ['full', full, 'westeurope-5.in.applicationinsights.azure.com'],
    ['key alone', `InstrumentationKey=${key}`, 'dc.services.visualstudio.com'],
    [
      'with spaces and a last semicolon',
      ` instrumentationkey=${key} ; IngestionEndpoint=https://localhost:8440/; `,
      'localhost:8440',
    ],
    ['of a sovereign cloud', `InstrumentationKey=${key};EndpointSuffix=applicationinsights.us`, 'dc.applicationinsights.us'],
  ])('%s is taken', (_, text, host) => {
    expect(parseConnectionString(text).host).toBe(host);
  });

  it.each([
    ['a key alone without its name', key, /part 1 is not Name=value; InstrumentationKey is missing/],
    ['no key', 'IngestionEndpoint=https://localhost:8440/', /InstrumentationKey is missing/],
    ['a key that is no GUID', 'InstrumentationKey=s3cret', /not a lower-case GUID/],
    ['a key in upper case', `InstrumentationKey=${key.replaceAll('1', 'A')}`, /not a lower-case GUID/],
    ['an endpoint over http', `InstrumentationKey=${key};IngestionEndpoint=http://localhost:1/`, /not an https URL/],
    ['an endpoint that is no URL', `InstrumentationKey=${key};IngestionEndpoint=westeurope`, /not an https URL/],
    ['two equal signs', `InstrumentationKey==${key}`, /part 1 is not Name=value/],
    ['two faults at once', 'InstrumentationKey=s3cret;IngestionEndpoint=nowhere', /GUID.*; IngestionEndpoint/],
  ])('%s is refused without repeating it', (_, text, message) => {
    const refusal = () => parseConnectionString(text);
    expect(refusal).toThrow(ConnectionStringError);
    expect(refusal).toThrow(message);
    expect(refusal).not.toThrow(/s3cret|11111111/);
  });
});
