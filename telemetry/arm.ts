import type { TokenCredential } from '@azure/core-auth';
import { type Dispatcher, request } from 'undici';
import { retryAfterMs } from './receipts.ts';

interface ArmOptions {
  /** Default https://management.azure.com; the local store's control endpoint speaks the same. */
  readonly endpoint?: string;
  readonly credential: TokenCredential;
  /** How long an operation may take altogether, milliseconds. Default ten minutes. */
  readonly limitMs?: number;
  readonly sleep?: (ms: number) => Promise<void>;
  readonly now?: () => number;
}

/** Where ARM tells of an operation that it has accepted: kept somewhere, another process can wait for its end. */
interface ArmOperation {
  /** `Azure-AsyncOperation` */
  readonly status?: string | undefined;
  readonly location?: string | undefined;
}

type Accepted = (operation: ArmOperation) => void;

/** Azure Resource Manager: one driver for Azure and the local store. Paths are resource ids. */
export interface Arm {
  get(path: string, apiVersion: string): Promise<unknown>;
  /** All pages of a list. */
  list(path: string, apiVersion: string): Promise<unknown[]>;
  /** These resolve once the operation is done, with its result where it has one; `accepted` hears of one that takes its time. */
  patch(path: string, apiVersion: string, body: unknown, accepted?: Accepted): Promise<unknown>;
  put(path: string, apiVersion: string, body: unknown, accepted?: Accepted): Promise<unknown>;
  post(path: string, apiVersion: string, body?: unknown, accepted?: Accepted): Promise<unknown>;
  /** Resolves once an operation is over, however it ended; one that ARM knows no more is over. */
  over(operation: ArmOperation): Promise<void>;
}

/** What ARM refused or didn't answer, or an operation that failed. */
export class ArmError extends Error {
  override readonly name = 'ArmError';
  readonly status: number;
  /** ARM's own, such as `ResourceNotFound`. */
  readonly code: string;
  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

const scope = 'https://management.azure.com/.default';
const requestLimitMs = 30_000;
const defaultLimitMs = 600_000;
/** Where ARM gives no Retry-After, and the least between two questions; the local store's control plane runs faster. */
const defaultPauseMs = 1_000;
const leastPauseMs = 50;
const sleepMs = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function createArm(options: ArmOptions): Arm {
  const { endpoint = 'https://management.azure.com', credential, sleep = sleepMs, now = Date.now } = options;
  const origin = new URL(endpoint).origin;

  const send = async (method: Dispatcher.HttpMethod, url: string, body?: unknown): Promise<Answer> => {
    // A token goes to ARM alone, wherever an answer points.
    if (new URL(url).origin !== origin)
      throw new ArmError(0, 'ForeignLocation', `${new URL(url).host} is not ${new URL(origin).host}`);
    const token = await credential.getToken(scope);
    if (!token) throw new ArmError(0, 'NoToken', `no token for ${scope}`);
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    try {
      const answer = await request(url, {
        method,
        headers: { authorization: `Bearer ${token.token}`, 'content-type': 'application/json' },
        signal: AbortSignal.timeout(requestLimitMs),
        ...json,
      });
      return { status: answer.statusCode, headers: answer.headers, body: parsed(await answer.body.text()) };
    } catch (cause) {
      throw noAnswer(origin, cause);
    }
  };

  /** Asks until the operation that an answer announces is over (Azure Resource Manager, "Track asynchronous operations"). */
  const finish = async (url: string, first: Answer, told?: Accepted): Promise<unknown> => {
    const status = headerOf(first, 'azure-asyncoperation');
    const location = headerOf(first, 'location');
    const isOver = first.status !== 202 && first.status !== 201;
    if (isOver || (!status && !location)) return first.body;
    told?.({ status, location });
    return follow(url, { status, location }, first);
  };

  const follow = async (url: string, { status, location }: ArmOperation, first?: Answer): Promise<unknown> => {
    const limitMs = options.limitMs ?? defaultLimitMs;
    const until = now() + limitMs;
    /** Asked again where ARM is busy or the way there broken: that says nothing of the operation. */
    const ask = async (place: string, last?: Answer): Promise<Answer> => {
      let pauseMs = last ? pauseOf(last, now()) : 0;
      for (let why = ''; ; ) {
        if (now() >= until) throw new ArmError(0, 'OperationTimedOut', `${url} was not done within ${limitMs / 1_000} s${why}`);
        if (pauseMs > 0) await sleep(Math.min(pauseMs, until - now()));
        const answer = await send('GET', place).catch(unlessNoAnswer);
        if (!(answer instanceof ArmError) && !isPassing(answer.status)) return accepted(answer);
        why = `; last: ${answer instanceof ArmError ? answer.message : `ARM answered ${answer.status}`}`;
        pauseMs = answer instanceof ArmError ? defaultPauseMs : pauseOf(answer, now());
      }
    };
    for (let last = first; ; ) {
      last = await ask(status ?? location ?? '', last);
      if (!status && last.status !== 202) return last.body;
      const state = status ? String(fieldsOf(last.body).status) : 'InProgress';
      if (state === 'Failed' || state === 'Canceled') throw operationError(state, last.body);
      if (state === 'Succeeded') return location ? (await ask(location)).body : last.body;
    }
  };

  const act = (method: Dispatcher.HttpMethod) => async (path: string, apiVersion: string, body?: unknown, told?: Accepted) => {
    const url = `${endpoint}${path}?api-version=${apiVersion}`;
    return finish(url, accepted(await send(method, url, body)), told);
  };
  const over = async (operation: ArmOperation) => {
    try {
      await follow(operation.status ?? operation.location ?? '', operation);
    } catch (error) {
      const isOver = error instanceof ArmError && (error.status === 404 || error.status === 409);
      if (!isOver) throw error;
    }
  };
  return {
    over,
    get: async (path, apiVersion) => accepted(await send('GET', `${endpoint}${path}?api-version=${apiVersion}`)).body,
    list: async (path, apiVersion) => {
      const items: unknown[] = [];
      let url: string | undefined = `${endpoint}${path}?api-version=${apiVersion}`;
      while (url !== undefined) {
        const answer = accepted(await send('GET', url));
        const { value, nextLink } = fieldsOf(answer.body);
        // Taken for an empty list, it would say that there is nothing.
        if (!Array.isArray(value)) throw new ArmError(answer.status, 'NoList', `${path} was answered without a list`);
        items.push(...value);
        url = typeof nextLink === 'string' && nextLink !== '' ? nextLink : undefined;
      }
      return items;
    },
    patch: act('PATCH'),
    put: act('PUT'),
    post: act('POST'),
  };
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A gateway's page instead of ARM's JSON: what is known is the status.
    return undefined;
  }
}

const fieldsOf = (body: unknown): Fields => (typeof body === 'object' && body !== null ? (body as Fields) : {});

const headerOf = ({ headers }: Answer, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
};

const pauseOf = (answer: Answer, now: number): number =>
  Math.max(leastPauseMs, retryAfterMs(headerOf(answer, 'retry-after'), now) ?? defaultPauseMs);

/** What ARM, or what stands before it, answers for a while. */
const isPassing = (status: number) => status === 408 || status === 429 || status >= 500;

const noAnswerCode = 'NoAnswer';

function noAnswer(origin: string, cause: unknown): ArmError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new ArmError(0, noAnswerCode, `no answer from ${origin}: ${[code, message].filter(Boolean).join(' ')}`, { cause });
}

function unlessNoAnswer(error: unknown): ArmError {
  if (error instanceof ArmError && error.code === noAnswerCode) return error;
  throw error;
}

/** @throws ArmError for a status of 400 and above, with ARM's code where the body has one */
function accepted(answer: Answer): Answer {
  if (answer.status < 400) return answer;
  // Older providers answer {"code","message"} without the wrapping.
  const { code, message } = fieldsOf(fieldsOf(answer.body).error ?? answer.body);
  throw new ArmError(answer.status, String(code ?? answer.status), String(message ?? `ARM answered ${answer.status}`));
}

function operationError(state: string, body: unknown): ArmError {
  const { code, message } = fieldsOf(fieldsOf(body).error);
  return new ArmError(409, String(code ?? state), String(message ?? `the operation ended as ${state}`));
}
