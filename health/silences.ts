import { minuteMs } from './bins.ts';
import type { Incident } from './incident.ts';
import { memberParts } from './incident.ts';

export interface Silence {
  readonly id: number;
  /** A cause, place, target, journey, `journey@target`, kind or key of an incident. */
  readonly subject: string;
  readonly fromMs: number;
  /** Not included: it ends by itself. */
  readonly untilMs: number;
  readonly why: string;
}

const unitMinutes: Readonly<Record<string, number>> = { m: 1, h: 60, d: 24 * 60 };

/** What is longer is a slip of the finger; far above it no date can be told, and the history of incidents not be read any more. */
const mostMinutes = 366 * 24 * 60;

/** `90m`, `2h`, `1d`, `1h30m` in milliseconds; undefined where it is none, or nothing, or more than 366 days. */
export function durationMs(text: string): number | undefined {
  if (!/^(\d+[dhm])+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)([dhm])/g)];
  const minutes = parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (unitMinutes[unit] ?? 0), 0);
  return minutes > 0 && minutes <= mostMinutes ? minutes * minuteMs : undefined;
}

/** Half-open: in force at its begin, no more at its end. */
export const isInForce = ({ fromMs, untilMs }: Silence, nowMs: number) => fromMs <= nowMs && nowMs < untilMs;

/**
 * The silence that an incident is under. One of a target or journey covers an incident only if all of it is covered: a
 * silence for the blue stamp says nothing of the green one.
 */
export function silenceOf(incident: Incident, silences: readonly Silence[], nowMs: number): Silence | undefined {
  return silences.find((silence) => isInForce(silence, nowMs) && covers(silence.subject, incident));
}

function covers(subject: string, { key, kind, cause, place, members }: Incident): boolean {
  if ([key, kind, cause, place].includes(subject)) return true;
  return members.every((member) => {
    const { journey, target } = memberParts(member);
    return subject === member || subject === journey || subject === target;
  });
}
