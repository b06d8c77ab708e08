import { createRequire } from 'node:module';
import { tables } from '../../../fixtures/contoso/azure/monitor/tables.ts';

/** What is used of Microsoft's parser; it comes translated from C#, with a constructor a signature, and lays itself on the global object. */
interface Diagnostic {
  readonly Severity: string;
  readonly Message: string;
  readonly Start: number;
}
interface Code {
  readonly ResultType: object;
  GetDiagnostics(): { readonly Count: number; getItem(at: number): Diagnostic };
}
interface Globals {
  WithDatabase(database: object): Globals;
}
interface Language {
  readonly GlobalState: { readonly Default: Globals };
  readonly KustoCode: { ParseAndAnalyze(text: string, globals: Globals): Code };
  readonly Symbols: {
    readonly TableSymbol: { readonly $ctor7: new (name: string, schema: string, description: null) => object };
    readonly FunctionSymbol: { readonly $ctor5: new (name: string, answer: object, parameters: readonly object[]) => object };
    readonly DatabaseSymbol: {
      readonly $ctor3: new (name: string, alias: null, members: readonly object[], isOpen: false) => object;
    };
  };
}

const require = createRequire(__filename);

function language(): Language {
  require('@kusto/language-service-next/bridge.min');
  require('@kusto/language-service-next/Kusto.Language.Bridge.min');
  return (globalThis as unknown as { Kusto: { Language: Language } }).Kusto.Language;
}

/** The parser knows no workspaces: their tables have one schema, that of the reference. */
const withoutWorkspaces = (query: string) => query.replaceAll(/workspace\('[^']*'\)\./g, '');

/**
 * What the parser has against a query, errors alone, over the tables of Log Analytics and these functions, each of which may
 * call those before it. A function is known by the columns that it answers with: its body is analysed once.
 */
export function kustoErrors(functions: Readonly<Record<string, string>>): (query: string) => string[] {
  const { GlobalState, KustoCode, Symbols } = language();
  const members = Object.entries(tables).map(([name, columns]) => {
    const schema = Object.entries(columns).map(([column, type]) => `${column}: ${type}`);
    return new Symbols.TableSymbol.$ctor7(name, `(${schema.join(', ')})`, null);
  });
  const globals = () => GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor3('contoso', null, members, false));
  for (const [name, body] of Object.entries(functions)) {
    const { ResultType } = KustoCode.ParseAndAnalyze(withoutWorkspaces(body), globals());
    members.push(new Symbols.FunctionSymbol.$ctor5(name, ResultType, []));
  }
  const all = globals();
  return (query) => {
    const text = withoutWorkspaces(query);
    const found = KustoCode.ParseAndAnalyze(text, all).GetDiagnostics();
    return Array.from({ length: found.Count }, (_, at) => found.getItem(at))
      .filter(({ Severity }) => Severity === 'Error')
      .map(({ Message, Start }) => `${Message} At: ${text.slice(Start, Start + 60)}`);
  };
}
