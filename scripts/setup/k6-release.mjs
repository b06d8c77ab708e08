import { createHash } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inFolderAside } from './aside.mjs';
import { Interrupted, runStep, SetupError } from './process.mjs';

const systems = {
  linux: { os: 'linux', archive: 'tar.gz' },
  darwin: { os: 'macos', archive: 'zip' },
  win32: { os: 'windows', archive: 'zip' },
};
const architectures = { x64: 'amd64', arm64: 'arm64' };

/** k6's own release, held against the checksums that are published beside it: where there is no Go. */
export async function installK6Release(pin, { local, say }) {
  const { version } = pin;
  const system = systems[process.platform];
  const folder = `k6-${version}-${system?.os}-${architectures[process.arch]}`;
  const archive = `${folder}.${system?.archive}`;
  const release = `https://github.com/grafana/k6/releases/download/${version}`;
  try {
    const [body, checksums] = await Promise.all([
      download(`${release}/${archive}`),
      download(`${release}/k6-${version}-checksums.txt`),
    ]);
    const sum = createHash('sha256').update(body).digest('hex');
    if (!checksums.toString().includes(`${sum}  ${archive}`))
      throw new SetupError(`the checksum of ${archive} is not the published one`);
    await unpack({ body, archive, folder, pin, local, say });
  } catch (cause) {
    if (cause instanceof Interrupted) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`k6 could not be had (${why}): install Go, or k6 1.8 or later on PATH (https://grafana.com/docs/k6)`, {
      cause,
    });
  }
}

async function download(url) {
  const reply = await fetch(url, { signal: AbortSignal.timeout(300_000) });
  if (!reply.ok) throw new SetupError(`${url} answered ${reply.status}`);
  return Buffer.from(await reply.arrayBuffer());
}

async function unpack({ body, archive, folder, pin, local, say }) {
  await inFolderAside(local, async (aside) => {
    writeFileSync(join(aside, archive), body);
    // tar reads zip as well on macOS and Windows, whose tar is bsdtar.
    await runStep('tar', ['-xf', archive], { say, cwd: aside });
    const program = join(aside, folder, pin.program);
    chmodSync(program, 0o755);
    pin.place(program);
  });
}
