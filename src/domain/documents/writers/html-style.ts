/** How a report in HTML looks: light and dark, on a screen and on paper. */
import type { PageSize } from "../../../database/generated/enums.ts";

const light =
  "--paper:#ffffff;--ink:#1b1f24;--dim:#59636e;--line:#d1d9e0;--soft:#f6f8fa;--good:#1a7f37;--bad:#cf222e;--open:#59636e;--limit:#8250df;--s0:#0969da;--s1:#bc4c00;--s2:#1a7f37;--s3:#bf3989";
const dark =
  "--paper:#0d1117;--ink:#f0f6fc;--dim:#9198a1;--line:#3d444d;--soft:#151b23;--good:#3fb950;--bad:#ff7b72;--open:#9198a1;--limit:#d2a8ff;--s0:#4493f8;--s1:#f0883e;--s2:#3fb950;--s3:#f778ba";

const tones = [
  ["ink", "ink"],
  ["dim", "dim"],
  ["grid", "line"],
  ["limit", "limit"],
  ["good", "good"],
  ["bad", "bad"],
  ["not-judged", "open"],
  ["series-0", "s0"],
  ["series-1", "s1"],
  ["series-2", "s2"],
  ["series-3", "s3"],
]
  .map(([tone, colour]) => `.fill-${tone}{fill:var(--${colour})}.line-${tone}{stroke:var(--${colour});fill:none}`)
  .join("");

export const htmlStyle = (pageSize: PageSize): string => `:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
@page{size:${pageSize === "A4" ? "A4" : "letter"};margin:15mm}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.5rem;max-width:70rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;overflow-wrap:anywhere}
h1{font-size:1.8rem;line-height:1.2;margin:0 0 .25rem}h2{font-size:1.3rem;margin:2.5rem 0 .5rem;border-bottom:1px solid var(--line);padding-bottom:.25rem}h3{font-size:1rem;margin:1.5rem 0 .5rem}
p{margin:.25rem 0}.dim,caption,figcaption{color:var(--dim)}
.verdict{border-left:.35rem solid var(--open);background:var(--soft);padding:.5rem .9rem;margin:.75rem 0}.verdict strong{margin-right:.5rem}.good{border-color:var(--good)}.bad{border-color:var(--bad)}.good strong{color:var(--good)}.bad strong{color:var(--bad)}
dl.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.5rem;margin:.75rem 0}dl.figures div{background:var(--soft);border:1px solid var(--line);border-radius:.3rem;padding:.4rem .6rem}dl.figures dt{color:var(--dim);font-size:.85rem}dl.figures dd{margin:0;font-size:1.15rem;font-weight:600}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.875rem}caption{text-align:left;padding:.25rem 0}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);min-width:9em}tbody th{min-width:10.5em}thead th{vertical-align:bottom;overflow-wrap:break-word}.number{text-align:right;font-variant-numeric:tabular-nums;min-width:0}td.number{white-space:nowrap}thead{display:table-header-group}tr{break-inside:avoid}
figure{margin:1rem 0;break-inside:avoid}svg{display:block;width:100%;height:auto}svg text{font-family:inherit}
dl.definitions dt{font-weight:600;margin-top:.6rem}dl.definitions dd{margin:0}
a{color:var(--s0)}
${tones}
@media (max-width:30rem){body{padding:1rem}dl.figures{grid-template-columns:1fr 1fr}}
@media print{:root{${light}}body{padding:0;max-width:none;font-size:10pt}table{font-size:8pt}th,td,tbody th{min-width:5.5em}.number{min-width:0}.scroll{overflow:visible}h2,h3{break-after:avoid}}`;
