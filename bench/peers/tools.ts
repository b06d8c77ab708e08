import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { k6Path } from '../../load/generator.ts';
import type { Round, RoundRequest } from './round.ts';
import { hurlPath } from './set-up.ts';

/** How a tool does the round: it writes what the tool reads, and gives the command line. */
export interface Tool {
  readonly name: string;
  readonly command: (round: Round, folder: string, times: number) => readonly string[];
  /** Whether it keeps a connection within a journey, as we do; else it opens one a request, which costs it more. */
  readonly keepsConnections: boolean;
  /** What its output must hold where every assertion was made and held. */
  readonly proves?: (round: Round) => RegExp;
}

const bin = (name: string) => join(__dirname, 'node_modules', '.bin', name);
const write = (folder: string, name: string, content: unknown): string => {
  const file = join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};
const flat = (round: Round): readonly RoundRequest[] => round.flatMap(({ requests }) => requests);

export const tools: readonly Tool[] = [
  {
    name: 'newman',
    keepsConnections: true,
    command: (round, folder) => ['node', bin('newman'), 'run', write(folder, 'newman.json', collection(round)), '--silent'],
  },
  {
    name: 'stepci',
    keepsConnections: false,
    command: (round, folder) => ['node', bin('stepci'), 'run', write(folder, 'stepci.yml', workflow(round))],
    proves: (round) => new RegExp(`Tests: 0 failed, ${round.length} passed`),
  },
  {
    name: 'artillery',
    keepsConnections: true,
    command: (round, folder) => ['node', bin('artillery'), 'run', write(folder, 'artillery.json', scenario(round))],
    // A status and each value; it exits with 0 where they fail.
    proves: (round) =>
      new RegExp(
        `plugins\\.expect\\.ok:[ .]*${flat(round).reduce((sum, { values }) => sum + 1 + Object.keys(values).length, 0)}\\b`,
      ),
  },
  {
    name: 'hurl',
    keepsConnections: true,
    command: (round, folder, times) => [
      hurlPath(),
      '--test',
      '--cacert',
      join(folder, 'ca.pem'),
      '--repeat',
      String(times),
      ...round.map(({ name, requests }) => write(folder, `${name.replace(' ', '-')}.hurl`, hurlFile(requests))),
    ],
  },
  {
    name: 'k6',
    keepsConnections: true,
    command: (round, folder, times) => [
      k6Path(),
      'run',
      '--quiet',
      '--no-usage-report',
      '--address',
      '',
      '--env',
      `ROUND=${write(folder, 'round.json', round)}`,
      '--env',
      `TIMES=${times}`,
      join(__dirname, 'k6-round.ts'),
    ],
  },
  {
    name: 'playwright',
    keepsConnections: true,
    command: (round, folder) => {
      process.env.ROUND = write(folder, 'round.json', round);
      const cli = require.resolve('@playwright/test/cli');
      return ['node', cli, 'test', '--config', join(__dirname, 'playwright.config.ts'), '--reporter=dot'];
    },
    proves: (round) => new RegExp(`${round.length} passed`),
  },
];

const literal = (value: unknown) => JSON.stringify(value);

function collection(round: Round) {
  const item = ({ method, url, headers, status, values }: RoundRequest) => {
    const checks = Object.entries(values).map(
      ([name, value]) =>
        `pm.test(${literal(name)}, () => pm.expect(pm.response.json()[${literal(name)}]).to.eql(${literal(value)}));`,
    );
    const exec = [`pm.test('status', () => pm.response.to.have.status(${status}));`, ...checks];
    return {
      name: url,
      request: { method, url, header: Object.entries(headers).map(([key, value]) => ({ key, value })) },
      event: [{ listen: 'test', script: { type: 'text/javascript', exec } }],
    };
  };
  const schema = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';
  return { info: { name: 'round', schema }, item: round.map(({ name, requests }) => ({ name, item: requests.map(item) })) };
}

/** JSON is YAML. */
function workflow(round: Round) {
  const step = ({ method, url, headers, status, values }: RoundRequest) => ({
    name: url,
    http: {
      url,
      method,
      headers,
      check: { status, jsonpath: Object.fromEntries(Object.entries(values).map(([name, value]) => [`$.${name}`, value])) },
    },
  });
  const tests = round.map(({ name, requests }) => [name.replace(' ', ''), { steps: requests.map(step) }] as const);
  return { version: '1.1', name: 'round', tests: Object.fromEntries(tests) };
}

/** One virtual user does all journeys, in turn: a choice among scenarios is left to chance. */
function scenario(round: Round) {
  const request = ({ method, url, headers, status, values }: RoundRequest) => {
    const names = Object.keys(values);
    const capture = names.map((name) => ({ json: `$.${name}`, as: name }));
    const equal = names.map((name) => ({ equals: [`{{ ${name} }}`, String(values[name])] }));
    return {
      [method.toLowerCase()]: { url, headers, ...(names.length > 0 && { capture }), expect: [{ statusCode: status }, ...equal] },
    };
  };
  return {
    config: {
      target: 'https://127.0.0.1',
      plugins: { expect: { reportFailuresAsErrors: true } },
      phases: [{ duration: 1, arrivalCount: 1 }],
    },
    scenarios: [{ flow: flat(round).map(request) }],
  };
}

function hurlFile(requests: readonly RoundRequest[]): string {
  return requests
    .map(({ method, url, headers, status, values }) => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      const asserts = Object.entries(values).map(([name, value]) => `jsonpath "$.${name}" == ${literal(value)}`);
      return [`${method} ${url}`, ...lines, `HTTP ${status}`, ...(asserts.length > 0 ? ['[Asserts]', ...asserts] : []), ''].join(
        '\n',
      );
    })
    .join('\n');
}
