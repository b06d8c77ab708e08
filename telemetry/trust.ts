import { existsSync, readFileSync, unwatchFile, watchFile } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';

/** What `npm run local` writes: the CA of the embedded store. */
const localAuthority = join(__dirname, '..', '.local', 'ca.pem');

/**
 * Makes this process trust a CA beside the ones it trusts already. Without a file: that of `SSL_CERT_FILE` (so that one line
 * to export serves k6 and us), else the local store's, else nothing. A named file that can't be read is an error.
 */
export function trustCertificates(file?: string): void {
  const named = file ?? (process.env.SSL_CERT_FILE || undefined);
  if (named === undefined && !existsSync(localAuthority)) return;
  const pem = readFileSync(named ?? localAuthority, 'utf8');
  const trusted = tls.getCACertificates('default');
  const added = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  tls.setDefaultCACertificates([...new Set([...trusted, ...added.map((certificate) => `${certificate}\n`)])]);
}

/** Looked at, not subscribed to: a store that starts anew replaces the file. */
const lookEveryMs = 1_000;

/** Trusts the CA of a file now, and whatever CA stands there later, as when a local store restarts; the answer ends that. */
export function keepTrusting(file: string, everyMs = lookEveryMs): () => void {
  trustCertificates(file);
  // Between a store's end and its next start there is no file.
  const look = () => existsSync(file) && trustCertificates(file);
  watchFile(file, { interval: everyMs, persistent: false }, look);
  return () => unwatchFile(file, look);
}
