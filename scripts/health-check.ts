import { request } from 'undici';
import { z } from 'zod';
import type { Environment } from '../fixtures/environments/schema.ts';
import type { TokenSource } from '../synthetics/runners/token.ts';

const answerSchema = z.object({
  checkedAt: z.iso.datetime(),
  dependencies: z.array(z.object({ name: z.string(), healthy: z.boolean(), seen: z.string().optional() })),
});

interface ProbeSeen {
  readonly name: string;
  readonly healthy: boolean;
  readonly seen?: string | undefined;
  readonly checkedAt: string;
}

const limitMs = 5_000;

/** What the API says of its dependencies to who may see it (docs/health-check.md); undefined: it doesn't. */
export async function readHealthCheck(
  { syntheticHeader }: Pick<Environment, 'syntheticHeader'>,
  { endpoint, headers }: { readonly endpoint: string; readonly headers: Readonly<Record<string, string>> },
  tokens: TokenSource,
): Promise<ProbeSeen[] | undefined> {
  try {
    const token = await tokens.token(false);
    const { body } = await request(`${endpoint}/api/health`, {
      headers: { ...headers, [syntheticHeader.name]: syntheticHeader.value, authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(limitMs),
    });
    const { checkedAt, dependencies } = answerSchema.parse(await body.json());
    return dependencies.map((each) => ({ ...each, checkedAt }));
  } catch {
    // Who doesn't answer, or not as a health check, has said nothing; the journey `health` tells what it answered.
    return undefined;
  }
}
