import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { isShown } from './evidence.ts';

/**
 * Playwright writes the headers that it is given into traces, call logs and error messages. So it is given placeholders
 * for those that may hold a secret, and Node's HTTP client, which says when it has made a request and not yet sent it,
 * gets the values: they never reach a file, not even that of a run that was killed.
 */
const hidden = new Map<string, string>();
let made = 0;

/** The same headers as Playwright may see them. `forget` when the exchange is over. */
export function hideSecrets(headers: Readonly<Record<string, string>>) {
  const shown = { ...headers };
  const placeholders: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (isShown(name)) continue;
    made += 1;
    const placeholder = `(not recorded ${made})`;
    placeholders.push(placeholder);
    hidden.set(placeholder, value);
    shown[name] = placeholder;
  }
  return { shown, forget: () => placeholders.forEach((placeholder) => void hidden.delete(placeholder)) };
}

function reveal(message: unknown): void {
  if (hidden.size === 0) return;
  const { request } = message as { request: ClientRequest };
  for (const [name, given] of Object.entries(request.getHeaders())) {
    const value = hidden.get(String(given));
    if (value !== undefined) request.setHeader(name, value);
  }
}

subscribe('http.client.request.created', reveal);
