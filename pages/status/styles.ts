/** What the status page adds to the report's styles. States differ in symbol, word and height of bars as well as colour. */
export const statusStyles = `
:root{--warn:#7a5200;--warn-bg:#fff4d6;--unsure:#4f5863;--unsure-bg:#eceff2;--card:#f6f8fa;--focus:#1f5fbf}
@media (prefers-color-scheme:dark){:root{--warn:#f2c14e;--warn-bg:#3a2c05;--unsure:#b4bcc6;--unsure-bg:#2a2f36;--card:#1b1f25;--focus:#7fb2ff}}
.warn{color:var(--warn)}.muted{opacity:.85;font-size:.85em}
header,main{max-width:90rem;margin:0 auto;padding:0 1rem}
header{padding-top:1rem}nav a{display:inline-block;padding:.3rem .5rem .3rem 0;color:inherit}
p{margin:.3rem 0}h3{margin:.2rem 0;font-size:1rem}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
#live.late{background:var(--bad-bg);color:var(--bad);padding:.4rem .6rem;border-radius:.3rem}
.old #graph .body,.old #now .body,.old #budgets .body{filter:grayscale(1);opacity:.75}
.cards{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr))}
.card>.cards{grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr))}
.card{background:var(--card);border:1px solid var(--rule);border-radius:.4rem;padding:.6rem .75rem;min-width:0;overflow-wrap:anywhere}
.inner{background:var(--paper)}
.card ul{margin:.2rem 0;padding:0}
.wide,.opened{grid-column:1/-1}
.chips{display:flex;flex-wrap:wrap;gap:.3rem;margin:.25rem 0}
.chips>.muted{flex-basis:100%}
button.node{font:inherit;font-size:.88rem;padding:.2rem .45rem;min-height:1.9rem;border:1px solid currentColor;border-radius:.3rem;background:transparent;color:var(--unsure);cursor:pointer;text-align:left}
button.node .word{font-size:.9em}
button.node.good{color:var(--good);background:var(--good-bg)}button.node.warn{color:var(--warn);background:var(--warn-bg)}
button.node.bad{color:var(--bad);background:var(--bad-bg)}button.node.unsure{color:var(--unsure);background:var(--unsure-bg)}
button.node.good .word{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
button.node.bad,button.node.warn{font-weight:600}
button.node[aria-expanded=true]{outline:3px solid currentColor}button.node.related{border-style:dashed;border-width:2px}
.detail{border-left:4px solid var(--focus);padding:.3rem .75rem;margin:.5rem 0;background:var(--paper)}
.detail td,.detail th,#matrix td,#matrix th,#budgets td,#budgets th{padding:.2rem .5rem}
td.warn{background:var(--warn-bg)}
#matrix .cell{display:block;max-width:108px;font-size:.85rem;white-space:normal}
svg.bars{display:block;width:108px;height:24px}
.bar-p{fill:var(--good)}.bar-s{fill:var(--warn)}.bar-f{fill:var(--bad)}.bar-i{fill:var(--unsure)}.bar-none{fill:var(--unsure);opacity:.5}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:center}.legend svg{display:inline-block;width:9px;height:24px;vertical-align:middle;margin-right:.3rem}
.charts{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,26rem),1fr))}
.charts>div{min-width:0}
.u-legend{font-size:.8rem;text-align:left}.u-legend th,.u-legend td,.uplot table td{border:0;padding:.05rem .3rem}
summary{cursor:pointer;padding:.3rem 0}
@media (max-width:640px){
#matrix table,#matrix tbody,#matrix tr,#matrix th[scope=row],#matrix td{display:block;border:0;white-space:normal}
#matrix thead{display:none}#matrix tr{border:1px solid var(--rule);border-radius:.4rem;margin:0 0 .6rem;padding:.3rem .5rem}
#matrix td{display:grid;grid-template-columns:minmax(0,1fr) 108px;align-items:center;gap:.1rem .5rem;background:none}
#matrix td::before{content:attr(data-journey);font-weight:600}
svg.bars{grid-column:2}#matrix td .cell{grid-column:1/-1;max-width:none}
button.node{min-height:2.4rem}
}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
`;
