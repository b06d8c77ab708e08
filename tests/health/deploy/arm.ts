import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: {
    readonly properties: {
      readonly mode: string;
      readonly template: unknown;
      readonly parameters: Record<string, { value: unknown }>;
    };
  };
}

export interface FakeArm {
  readonly endpoint: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/**
 * Deployments as Azure Resource Manager has them: a PUT is accepted with 201 and a status to ask for, a what-if with 202 and a
 * place. `refuse` names a deployment that fails while it runs; `changes` is what a what-if answers.
 */
export async function startArm(changes: unknown, refuse?: string): Promise<FakeArm> {
  const asked: Asked[] = [];
  const server: Server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', `http://${request.headers.host}`);
    const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'retry-after': '0', ...headers })
        .end(JSON.stringify(body));
    const at = (path: string) => `http://${request.headers.host}${path}`;
    if (request.headers.authorization !== 'Bearer of-the-test')
      return answer(401, { error: { code: 'Unauthorized', message: 'who?' } });
    if (request.method === 'GET' && url.pathname === '/what-if') return answer(200, changes);
    if (request.method === 'GET') {
      const failed = refuse !== undefined && url.pathname.endsWith(refuse);
      const error = { code: 'DeploymentFailed', message: 'the alias is taken' };
      return answer(200, failed ? { status: 'Failed', error } : { status: 'Succeeded' });
    }
    asked.push({
      method: request.method ?? '',
      path: `${url.pathname}${url.search}`,
      body: JSON.parse(await textOf(request)) as Asked['body'],
    });
    if (url.pathname.endsWith('/whatIf')) return answer(202, {}, { location: at('/what-if') });
    return answer(201, {}, { 'azure-asyncoperation': at(`/status/${url.pathname.split('/').at(-1)}`) });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
