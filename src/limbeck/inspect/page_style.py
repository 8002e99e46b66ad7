"""How the page of errors looks: a column on a telephone, more where there is room, light or dark as the reader is."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #5c636b; --ground: #ffffff; --card: #f5f6f8; --line: #d9dde2;
  --blue: 37, 99, 235; --amber: 217, 119, 6; --accent: #1d4ed8; --warn: #9a3412; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #a2a9b1; --ground: #15171a; --card: #1f2226;
  --line: #383d44; --blue: 96, 165, 250; --amber: 251, 191, 36; --accent: #8ab4f8; --warn: #fdba74; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 84rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
a { color: var(--accent); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .75rem 0; }
.note { color: var(--soft); margin: 0 0 .75rem; max-width: 46rem; }
.warn { border-left: .25rem solid var(--warn); padding: .5rem .75rem; background: var(--card); max-width: 46rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; }
.tile, li.row { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem; }
.tile b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
ol.rows { list-style: none; padding: 0; margin: 0; display: grid; gap: .6rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 34rem), 1fr)); align-items: start; }
li.row { min-width: 0; }
.what { color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
.what b { color: var(--ink); }
.text { margin: .25rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
details.text > summary { cursor: pointer; }
mark { color: inherit; border-radius: .2em; padding: 0 .1em; }
mark.for { background: rgba(var(--blue), var(--depth)); border-bottom: 2px solid rgb(var(--blue)); }
mark.against { background: rgba(var(--amber), var(--depth)); border-bottom: 2px dotted rgb(var(--amber)); }
.w1 { --depth: .12; } .w2 { --depth: .22; } .w3 { --depth: .34; } .w4 { --depth: .46; }
.wide { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .9375rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: middle; }
td { overflow-wrap: break-word; max-width: 22rem; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.hit { background: rgba(var(--blue), var(--depth)); } td.miss { background: rgba(var(--amber), var(--depth)); }
svg.chart { width: min(100%, 26rem); height: auto; } svg.reach { width: 6.5rem; height: .75rem; }
svg text { font-size: 11px; fill: var(--soft); }
svg .grid { stroke: var(--line); } svg .honest { stroke: var(--soft); stroke-dasharray: 4 4; }
svg .reach { stroke: rgb(var(--blue)); stroke-width: 2; } svg circle { fill: rgb(var(--blue)); }
footer { margin-top: 3rem; color: var(--soft); font-size: .875rem; }
@media (max-width: 34rem) { table { font-size: .8125rem; } th, td { padding: .3rem .25rem; } th { white-space: normal; }
  td:last-child svg.reach { display: none; } }
@media print { body { max-width: none; } li.row { break-inside: avoid; } }
"""
"""The whole style sheet; it names no file and no font that would have to be fetched."""
