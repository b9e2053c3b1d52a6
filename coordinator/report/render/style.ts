/** The whole style of a report: readable from 360 px on, dark where the reader's system is, and on paper. */
export const STYLE = `
:root { color-scheme: light dark; --bg: #fff; --fg: #1b1f24; --soft: #57606a; --line: #d8dee4; --panel: #f6f8fa;
  --link: #0757ba; --s0: #1f6feb; --s1: #c05717; --s2: #8c959f; --s3: #c9d1d9; --s4: #7a3db8; --s5: #1a7f37; --land: #e3e8ed; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #0d1117; --fg: #e6edf3; --soft: #9aa4af; --line: #30363d; --panel: #161b22; --link: #6cb0ff;
    --s0: #4c94f6; --s1: #e8894a; --s2: #8b949e; --s3: #484f58; --s4: #b083f0; --s5: #57ab5a;
    --land: #262c34; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 16px; max-width: 1240px; background: var(--bg); color: var(--fg);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 8px 0 4px; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 6px; }
h3 { font-size: 1rem; margin: 20px 0 6px; }
a { color: var(--link); }
a:focus-visible, .scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
p { margin: 0 0 12px; max-width: 72ch; }
.soft { color: var(--soft); }
section { border-top: 1px solid var(--line); padding: 24px 0 8px; }
nav ul { columns: 2 300px; column-gap: 32px; padding-left: 20px; margin: 0 0 24px; }
nav li { break-inside: avoid; margin: 2px 0; }
.scroll { overflow-x: auto; margin: 0 0 12px; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 12px 5px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); white-space: nowrap; }
td.long { white-space: normal; overflow-wrap: anywhere; min-width: 28ch; max-width: 44ch; }
th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
th.right, td.right { text-align: right; }
td.code, .code { font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; font-size: .8125rem; }
tr.others td { color: var(--soft); }
figure { margin: 0 0 16px; max-width: 720px; }
svg { display: block; max-width: 100%; }
svg text { fill: var(--fg); font-size: 13px; }
svg text.value, svg text.soft { fill: var(--soft); }
svg .axis { stroke: var(--line); stroke-width: 1; fill: none; vector-effect: non-scaling-stroke; }
svg .line { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
svg .zero { stroke: var(--soft); }
svg .dashed { stroke-dasharray: 7 4; }
svg .dotted { stroke-dasharray: 2 3; }
svg .land { fill: var(--land); }
svg .spot { fill-opacity: .72; stroke: var(--bg); stroke-width: 1; }
svg text.place { font-size: 12px; font-weight: 600; paint-order: stroke; stroke: var(--bg); stroke-width: 3px; stroke-linejoin: round; }
svg.map { aspect-ratio: 360 / 142; height: auto; margin: 0 0 8px; }
svg.swatch { display: inline-block; margin-right: 6px; vertical-align: 1px; }
.caption { font-size: .875rem; margin: 0 0 16px; max-width: 72ch; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 16px 32px; margin: 0 0 8px; }
.panel-title { margin: 0 0 2px; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 0 0 10px; font-size: .875rem; }
.key { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 6px; vertical-align: -1px; }
${[0, 1, 2, 3, 4, 5].map((i) => `.s${i} { fill: var(--s${i}); background: var(--s${i}); }\n.line.s${i} { fill: none; stroke: var(--s${i}); }`).join("\n")}
.absent { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 10px 14px; }
@media (max-width: 783px) { svg text.wide { display: none; } }
@media (min-width: 784px) { svg text.narrow { display: none; } }
@media (min-width: 700px) { body { padding: 32px; } }
@media print { body { max-width: none; } section { break-inside: avoid; } nav { display: none; } }
`;
