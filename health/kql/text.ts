/** A named table of a query: `let name = …;`. What comes later may use what came before. */
export interface Let {
  readonly name: string;
  readonly body: string;
  /** More than one later table reads it. Kusto works a table out each time that it is named, and of six layers the first 64 times. */
  readonly isShared?: true;
}

/** A string literal of KQL. */
export const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** A real literal of KQL: without a point, a whole number would be a long, and long / long drops the rest. */
export const real = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));

export type Cell = string | number | boolean;
type ColumnType = 'string' | 'real' | 'long' | 'bool';

/** `datatable(…)[…]`, a row a line. */
export function datatable(columns: Readonly<Record<string, ColumnType>>, rows: readonly (readonly Cell[])[]): string {
  const types = Object.values(columns);
  const literal = (cell: Cell, at: number): string => {
    if (typeof cell === 'string') return quoted(cell);
    return types[at] === 'real' && typeof cell === 'number' ? real(cell) : String(cell);
  };
  const heads = Object.entries(columns).map(([name, type]) => `${name}:${type}`);
  return `datatable(${heads.join(', ')})[\n${rows.map((row) => `  ${row.map(literal).join(', ')}`).join(',\n')}\n]`;
}

/** A whole query: its tables, then what it answers. */
export function queryText(lets: readonly Let[], answer: string): string {
  const bodyOf = ({ body, isShared }: Let) => (isShared ? `materialize(\n${body}\n)` : body);
  return `${lets.map((each) => `let ${each.name} = ${bodyOf(each)};`).join('\n')}\n${answer}\n`;
}
