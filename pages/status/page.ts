import { escapeHtml, inlineJson } from '../escape.ts';
import type { StatusState } from './state.ts';

/** No other host, no code or style but ours, no text taken for code; not in another page's frame. */
export const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const sections = [
  ['now', 'Now'],
  ['graph', 'From signals to the store'],
  ['matrix', 'Journeys × targets'],
  ['latency', 'Latency'],
  ['budgets', 'Error budgets'],
  ['past', 'Past incidents'],
] as const;

/** The page with the state that it begins with, so that it needs no second question to be drawn. */
export function statusHtml(state: StatusState, version: string): string {
  const links = sections.map(([id, title]) => `<a href="#${id}">${title}</a>`).join(' ');
  const bodies = sections
    .map(
      ([id, title]) =>
        `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2><div class="body"></div></section>`,
    )
    .join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${escapeHtml(`${state.shape.environment}: status`)}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/status.css"><script src="/status.js" defer></script>
</head><body><header><h1 id="headline">${escapeHtml(state.shape.environment)}</h1><p id="lead" class="lead"></p><p id="live" role="status"></p><nav aria-label="On this page">${links}</nav></header>
<main>
<noscript><p class="unsure">? This page is drawn by its script. Without it: npm run status, or /badge/store.svg</p></noscript>
${bodies}
</main><script type="application/json" id="state" data-version="${escapeHtml(version)}">${inlineJson(state)}</script></body></html>
`;
}

export const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 32"><rect width="16" height="32" rx="4" fill="#2b2f36"/><circle cx="8" cy="6" r="4" fill="#ff8a80"/><circle cx="8" cy="16" r="4" fill="#f2c14e"/><circle cx="8" cy="26" r="4" fill="#6fd08c"/></svg>';
