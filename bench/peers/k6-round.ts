// The round as a k6 user would write it from a recording: connections are closed between iterations, as between our rounds.
import { check } from 'k6';
import http from 'k6/http';
import type { Round } from './round.ts';

const round = JSON.parse(open(__ENV.ROUND ?? '')) as Round;

export const options = {
  vus: 1,
  iterations: Number(__ENV.TIMES),
  noVUConnectionReuse: true,
  maxRedirects: 0,
  thresholds: { checks: ['rate==1'] },
};

export default function () {
  for (const { requests } of round) {
    for (const { method, url, headers, status, values } of requests) {
      const reply = http.request(method, url, null, { headers });
      check(reply, { status: (r) => r.status === status });
      const names = Object.keys(values);
      if (names.length === 0) continue;
      const body = reply.json() as Record<string, unknown>;
      for (const name of names) check(body, { [name]: (b) => b[name] === values[name] });
    }
  }
}
