import type { TokenCredential } from '@azure/core-auth';
import type { Environment } from '../fixtures/environments/schema.ts';
import { type Arm, createArm } from '../telemetry/arm.ts';
import { azureCredential, clientCredential } from '../telemetry/azure-credential.ts';

/** Who asks Azure's control plane: whatever identity there is; at the local store, the suite's own client. */
export async function credentialOf({ local, auth }: Environment): Promise<TokenCredential> {
  if (!local) return azureCredential();
  if (auth.kind !== 'client-secret') throw new Error('the local store gives tokens for a client secret alone');
  return clientCredential(auth);
}

/** Azure Resource Manager of an environment. */
export async function armOf(environment: Environment): Promise<Arm> {
  const credential = await credentialOf(environment);
  return createArm({ credential, ...(environment.local ? { endpoint: environment.local.controlEndpoint } : {}) });
}
