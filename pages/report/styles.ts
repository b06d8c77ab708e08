/** Both colour schemes; states differ in symbol and word as well as colour. */
export const styles = `
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--rule:#d8dde3;--good:#116329;--bad:#b3261e;--unsure:#7a5200;--good-bg:#e6f4ea;--bad-bg:#fce8e6;--unsure-bg:#fff4d6;--c1:#1f5fbf;--c2:#b45309;--c3:#116329;--c4:#9d174d;--c5:#6d28d9;--c6:#0e7490;--c7:#7a5200;--c8:#57606a}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--paper:#14171b;--rule:#343a42;--good:#6fd08c;--bad:#ff8a80;--unsure:#f2c14e;--good-bg:#12301d;--bad-bg:#3b1614;--unsure-bg:#3a2c05;--c1:#7fb2ff;--c2:#f2a65a;--c3:#6fd08c;--c4:#f49ac2;--c5:#c4a7ff;--c6:#67d4e8;--c7:#f2c14e;--c8:#a8b0ba}}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:72rem;margin:0 auto;padding:1rem}
h1{margin:.5rem 0 0;font-size:2rem}h2{margin:1.5rem 0 .5rem;font-size:1.2rem}
.lead{font-size:1.1rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse}th,td{border:1px solid var(--rule);padding:.3rem .6rem;text-align:left;white-space:nowrap}
.good{color:var(--good)}.bad{color:var(--bad)}.unsure{color:var(--unsure)}
td.good{background:var(--good-bg)}td.bad{background:var(--bad-bg)}td.unsure{background:var(--unsure-bg)}
.word,small{opacity:.85;font-size:.85em}
ul{padding-left:1.2rem;list-style:none}li{margin:.25rem 0}
.uplot,.u-legend{color:var(--ink);font-family:inherit}.u-title{font-size:15px;font-weight:600}.uplot{margin-top:1rem}.u-legend th,.u-legend td{border:0;padding:.1rem .3rem}
`;
