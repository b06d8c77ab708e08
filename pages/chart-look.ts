/** In the browser: a colour of the page's styles, in the scheme that is in force. */
export const css = (variable: string): string => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();

/** Lines of a kind differ by more than their colour. */
const dashes: readonly number[][] = [[], [8, 3], [2, 3], [10, 3, 2, 3], [16, 4], [4, 6], [1, 5], [12, 2, 2, 2]];
/** More lines than these look alike. */
export const mostLines = dashes.length;

export const lineLook = (number: number): { readonly stroke: string; readonly dash: number[] } => ({
  stroke: css(`--c${(number % mostLines) + 1}`),
  dash: dashes[number % mostLines] ?? [],
});

export const axisLook = () => ({ stroke: css('--ink'), grid: { stroke: css('--rule') }, ticks: { stroke: css('--rule') } });
