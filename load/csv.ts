/** The fields of one line of CSV (RFC 4180), without the line end. Lines without a quote take the fast way. */
export function csvFields(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  for (let at = 0; at <= line.length; at += 1) {
    if (line[at] !== '"') {
      const end = endOf(line, at);
      fields.push(line.slice(at, end));
      at = end;
      continue;
    }
    let field = '';
    for (at += 1; at < line.length; at += 1) {
      if (line[at] !== '"') field += line[at];
      // A doubled quote is one quote; a single one ends the field.
      else if (line[at + 1] === '"') field += line[++at];
      else break;
    }
    fields.push(field);
    at += 1;
  }
  return fields;
}

function endOf(line: string, from: number): number {
  const comma = line.indexOf(',', from);
  return comma === -1 ? line.length : comma;
}

/** What reads the fields of one line, by column. */
export type Fields = (column: string) => string;

/** A stream of CSV with a header, such as one k6 writes: cut into lines wherever its pieces end. */
export class CsvStream {
  private readonly takerOf: (metric: string) => ((field: Fields) => void) | undefined;
  private rest = '';
  private column: Readonly<Record<string, number>> | undefined;
  /** Timestamp of the last line that was taken; 0 before there is one. */
  lastAtMs = 0;

  /** `takerOf`: who takes the lines of a metric, the first column; undefined: nobody, so they are not even taken apart. */
  constructor(takerOf: (metric: string) => ((field: Fields) => void) | undefined) {
    this.takerOf = takerOf;
  }

  add(piece: string): void {
    const lines = (this.rest + piece).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.addLine(line);
  }

  private addLine(line: string): void {
    const metric = line.slice(0, line.indexOf(','));
    if (metric === 'metric_name') {
      this.column = Object.fromEntries(line.split(',').map((name, index) => [name, index]));
      return;
    }
    const take = this.takerOf(metric);
    const { column } = this;
    if (!take || !column) return;
    const fields = csvFields(line);
    const field: Fields = (name) => fields[column[name] ?? -1] ?? '';
    take(field);
    this.lastAtMs = Number(field('timestamp')) || this.lastAtMs;
  }
}
