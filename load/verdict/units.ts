/** Figures as a person reads them, with their unit. */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');
export const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : count(value)} ms`;
export const percent = (value: number): string => `${Number(value.toFixed(value < 1 ? 2 : 1))} %`;
export const seconds = (value: number): string => `${Number(value.toFixed(1))} s`;
export const rate = (value: number): string => `${value < 10 ? value.toFixed(1) : count(value)}/s`;
