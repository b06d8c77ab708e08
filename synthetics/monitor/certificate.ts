import { connect } from 'node:tls';
import type { Environment } from '../../fixtures/environments/schema.ts';
import type { Target } from '../../fixtures/environments/targets.ts';
import { failureOf, RuleBroken } from '../journeys/failures.ts';
import { resultOfOne } from '../one-attempt.ts';
import { type AvailabilityResult, certificateName, type Failure } from '../result.ts';
import { secureContext } from '../runners/secure-context.ts';
import { requestFailed } from '../runners/trouble.ts';

const dayMs = 86_400_000;
const step = 'expiry';

/** A result each so many periods, so hourly, while nothing changes. */
const resultEvery = 60;
/** Looked at in one period; more of them take turns, so that a look costs little of the round. */
const looksPerPeriod = 60;

/** When certificates are looked at, and which look is worth a result: an hourly one, and any that says something new. */
export class CertificateWatch {
  private readonly last = new Map<string, { readonly period: number; readonly said: string }>();

  /** The targets whose turn it is; all of them where that is few. */
  due(period: number, targets: readonly Target[]): Target[] {
    const turns = Math.max(1, Math.ceil(targets.length / looksPerPeriod));
    return targets.filter(({ name }, index) => !this.last.has(name) || index % turns === period % turns);
  }

  isNews(period: number, { target, outcome, failure, warnings }: AvailabilityResult): boolean {
    const said = `${outcome} ${failure?.rule} ${warnings.length}`;
    const last = this.last.get(target.name);
    if (last?.said === said && Math.abs(period - last.period) < resultEvery) return false;
    this.last.set(target.name, { period, said });
    return true;
  }
}

/** The end of the certificate that an endpoint shows, milliseconds since the epoch; it must be trusted. */
export type ReadExpiry = (endpoint: string, limitMs: number) => Promise<number>;

const readExpiry: ReadExpiry = (endpoint, limitMs) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(endpoint);
    const host = hostname.replace(/^\[|\]$/g, '');
    // A server name is a name: an address has none.
    const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
    const socket = connect({ host, port: Number(port || 443), ...servername, secureContext: secureContext() }, () => {
      const endsAtMs = Date.parse(socket.getPeerCertificate().valid_to);
      socket.end();
      resolve(endsAtMs);
    });
    const timer = setTimeout(() => socket.destroy(new Error('timed out')), limitMs);
    socket.on('error', reject).on('close', () => clearTimeout(timer));
  });

/** A result of its own, so that a certificate about to end is seen weeks before a journey fails with it. */
export async function checkCertificate(
  environment: Environment,
  target: Target,
  nowMs: () => number,
  read: ReadExpiry = readExpiry,
): Promise<AvailabilityResult> {
  const { warningDays, failingDays } = environment.monitor.certificate;
  const startMs = nowMs();
  const warnings: string[] = [];
  let failure: Failure | undefined;
  let days: number | undefined;
  try {
    const endsAtMs = await read(target.endpoint, environment.budgets.requestMs);
    days = (endsAtMs - startMs) / dayMs;
    const seen = `one that ends ${new Date(endsAtMs).toISOString().slice(0, 10)}, in ${days.toFixed(1)} days`;
    if (days < failingDays)
      failure = failureOf(new RuleBroken(`a certificate for at least ${failingDays} more days`, seen, 'tls'), step, undefined);
    else if (days < warningDays) warnings.push(`the certificate is ${seen}`);
  } catch (error) {
    failure = failureOf(requestFailed(error, nowMs() - startMs), step, undefined);
  }
  const durationMs = Math.max(0, nowMs() - startMs);
  const outcome = outcomeOf(failure);
  const steps = [{ name: step, durationMs, outcome, requests: 0 }];
  const attempt = { journey: certificateName, target, startMs, durationMs, outcome, failure, steps, warnings };
  return { ...resultOfOne(environment, attempt), ...(days !== undefined && { certificateDays: days }) };
}

/** Where no connection comes about nothing is seen of the certificate: that the endpoint is down is the journeys' news. */
function outcomeOf(failure: Failure | undefined): AvailabilityResult['outcome'] {
  if (!failure) return 'passed';
  return failure.cause === 'tls' ? 'failed' : 'inconclusive';
}
