import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { azureVmDetector } from '@opentelemetry/resource-detector-azure';

const load = createRequire(__filename);

/** Not among the package's exports, hence by its file; a version without it fails here, and not by talking to others. */
const { ConfigurationManager } = load(
  join(dirname(load.resolve('@azure/monitor-opentelemetry-exporter')), '_configuration', 'configurationManager.js'),
) as { ConfigurationManager: { getInstance(): { shutdown(): void } } };

/**
 * Starts the SDK so that it talks to the ingestion endpoint alone. What it would do besides, and where it can be stopped:
 * statistics about itself and its own log, by variables that it reads while it starts; a look for Azure's machine metadata at
 * 169.254.169.254, which has no switch, so its detector answers nothing; a poll of settings.sdk.monitor.azure.com five seconds
 * after the start, which has none either, so its worker is stopped before it begins.
 */
export function silenceSdk<T>(role: string, start: () => T): T {
  azureVmDetector.detect = () => ({ attributes: {} });
  const variables: Readonly<Record<string, string>> = {
    APPLICATION_INSIGHTS_NO_STATSBEAT: 'true',
    APPLICATIONINSIGHTS_STATSBEAT_DISABLED: 'true',
    APPLICATIONINSIGHTS_SDKSTATS_DISABLED: 'true',
    APPLICATIONINSIGHTS_INSTRUMENTATION_LOGGING_LEVEL: 'NONE',
    // The role in every envelope, ai.cloud.role.
    OTEL_SERVICE_NAME: role,
    // Else the SDK asks the operating system for its name with every envelope.
    OTEL_RESOURCE_ATTRIBUTES: `service.instance.id=${encodeURIComponent(hostname())}`,
  };
  const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  Object.assign(process.env, variables);
  try {
    return start();
  } finally {
    ConfigurationManager.getInstance().shutdown();
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
}
