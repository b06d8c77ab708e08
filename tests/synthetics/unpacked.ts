import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

const centralHeader = 0x02014b50;
const endHeader = Buffer.from([0x50, 0x4b, 0x05, 0x06]);

/** The entries of a zip archive as text, by its central directory. */
function entriesOf(zip: Buffer): Map<string, string> {
  const end = zip.lastIndexOf(endHeader);
  const entries = new Map<string, string>();
  let at = zip.readUInt32LE(end + 16);
  while (at < end && zip.readUInt32LE(at) === centralHeader) {
    const [method, size, nameLength] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28)];
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(start, start + size);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    entries.set(name, (method === 0 ? packed : inflateRawSync(packed)).toString('utf8'));
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries;
}

const embedded = /data:application\/zip;base64,([\w+/=]+)/g;

/** All that a file says, archives unpacked, also those within Playwright's HTML report. */
export function textsOf(file: string): Map<string, string> {
  const bytes = readFileSync(file);
  if (bytes.subarray(0, 2).toString() === 'PK')
    return new Map([...entriesOf(bytes)].map(([name, text]) => [`${file}/${name}`, text]));
  const text = bytes.toString('utf8');
  const texts = new Map([[file, text]]);
  for (const [, base64 = ''] of text.matchAll(embedded))
    for (const [name, inner] of entriesOf(Buffer.from(base64, 'base64'))) texts.set(`${file}/${name}`, inner);
  return texts;
}
