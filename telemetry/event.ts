import { z } from 'zod';

/** What rides along with results in the outbox: a load verdict, a heartbeat. Becomes a custom event in Application Insights. */
export const telemetryEventSchema = z.object({
  /** 16 hex digits: counts the event once, however often it is delivered. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** 32 hex digits; absent where the event belongs to no operation. */
  traceId: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
  name: z.string().min(1),
  at: z.iso.datetime(),
  properties: z.record(z.string(), z.string()),
  measurements: z.record(z.string(), z.number()),
});

export type TelemetryEvent = z.infer<typeof telemetryEventSchema>;
