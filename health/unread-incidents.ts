import { z } from 'zod';
import { type Incident, incidentSchema } from './incident.ts';

/** A row that is no incident as this version knows them: another one wrote it, or it is broken. It stays in the file. */
export interface UnreadIncident {
  readonly key: string;
  readonly why: string;
  /** How many there were so far. */
  readonly count: number;
}

const onStderr = ({ key, why, count }: UnreadIncident) =>
  console.error(`incident ${key} can't be read and is left out (${count} so far): ${why}`);

/** Reads incidents as they are kept; says once of each that it can't. */
export class IncidentReader {
  private readonly unread = new Set<string>();
  private readonly say: (unread: UnreadIncident) => void;

  constructor(say: (unread: UnreadIncident) => void = onStderr) {
    this.say = say;
  }

  /** One or none. */
  read(key: string, body: string): Incident[] {
    try {
      return [incidentSchema.parse(JSON.parse(body))];
    } catch (error) {
      const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
      if (!this.unread.has(key)) this.say({ key, why, count: this.unread.add(key).size });
      return [];
    }
  }
}
