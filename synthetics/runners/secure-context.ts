import tls from 'node:tls';

let made: { readonly trusted: readonly string[]; readonly context: tls.SecureContext } | undefined;

/**
 * What a TLS connection trusts and offers: one for all of a process, since to read the system's CAs anew for each takes as
 * long as a request, and megabytes. It holds no sessions, so nothing is resumed by it. Made anew when other CAs are trusted.
 */
export function secureContext(): tls.SecureContext {
  const trusted = tls.getCACertificates('default');
  if (made?.trusted !== trusted) made = { trusted, context: tls.createSecureContext() };
  return made.context;
}
