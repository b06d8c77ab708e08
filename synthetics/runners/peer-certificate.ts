import type { PeerCertificate, TLSSocket } from 'node:tls';

/** By the digest of their bytes. As many as a monitor of thousands of targets meets. */
const known = new Map<string, PeerCertificate>();
const mostKnown = 4_000;

/**
 * Node checks the name of each new connection by an object that it makes of the certificate, at up to a quarter of a journey's CPU.
 * Of the same bytes it is the same object: it is made once. What is checked, and by what, stays as it is.
 */
export function readCertificateOnce(socket: TLSSocket): void {
  const read = (): PeerCertificate => {
    // To be asked once a connection, and for nothing beside it: it takes the certificate out of the connection.
    const certificate = socket.getPeerX509Certificate();
    if (!certificate) return {} as PeerCertificate;
    const { fingerprint256: digest } = certificate;
    const object = known.get(digest) ?? certificate.toLegacyObject();
    if (known.size >= mostKnown) known.clear();
    known.set(digest, object);
    return object;
  };
  let held: PeerCertificate | undefined;
  socket.getPeerCertificate = (() => {
    held ??= read();
    return held;
  }) as TLSSocket['getPeerCertificate'];
}
