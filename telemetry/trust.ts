import { existsSync, readFileSync, unwatchFile, watchFile } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { readVariables } from '../fixtures/environments/variables.ts';

/** What `npm run local` writes: the CA of the embedded store. */
const localAuthority = join(__dirname, '..', '.local', 'ca.pem');

/**
 * Makes this process trust a CA beside the ones it trusts already. Without a file: that of `SSL_CERT_FILE` (so that one line
 * to export serves k6 and us), else the local store's, else nothing.
 * @throws ConfigurationError where `SSL_CERT_FILE` names no file of certificates
 */
export function trustCertificates(file?: string): void {
  const { SSL_CERT_FILE: named } = readVariables();
  if (file !== undefined) trust(certificatesIn(file));
  else if (named) trust(certificatesNamed(named));
  else if (existsSync(localAuthority)) trust(certificatesIn(localAuthority));
}

function trust(added: readonly string[]): void {
  const trusted = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...new Set([...trusted, ...added.map((certificate) => `${certificate}\n`)])]);
}

const certificatesIn = (file: string): readonly string[] =>
  readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];

function certificatesNamed(file: string): readonly string[] {
  const fault = (seen: string, cause?: unknown) =>
    new ConfigurationError('SSL_CERT_FILE', [{ path: '', seen: `${file}, ${seen}`, allowed: 'a PEM file of certificates' }], {
      cause,
    });
  let found: readonly string[];
  try {
    found = certificatesIn(file);
  } catch (cause) {
    throw fault(`which can't be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
  if (found.length === 0) throw fault('which holds no certificate');
  return found;
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
