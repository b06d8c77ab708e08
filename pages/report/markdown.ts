const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '\n': ' ', '\r': ' ' };

/**
 * Text of others, such as what a store under test has answered, stays text in Markdown: no element, image, link or code, no new
 * cell and no new line.
 */
export const plain = (text: string): string => text.replace(/[&<\n\r\\|`[\]]/g, (letter) => escapes[letter] ?? `\\${letter}`);

export const row = (cells: readonly string[]): string => `| ${cells.map(plain).join(' | ')} |`;
