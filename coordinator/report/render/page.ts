import type { Drawing, ReportItem, ReportSection } from "../item.js";
import type { ReportHead } from "../read.js";
import { escapeHtml } from "./escape.js";
import { STYLE } from "./style.js";
import { tablesOf } from "./table.js";

/** A report as one HTML page that loads nothing. The same sections give the same page. */
export function pageOf(
  head: ReportHead,
  items: readonly ReportItem[],
  sections: readonly ReportSection[],
  drawing: Drawing,
): string {
  const found = items.map((item) => ({ item, section: sections.find(({ id }) => id === item.id) ?? missing(item) }));
  const contents = found.map(({ item }) => `<li><a href="#${item.id}">${escapeHtml(item.title)}</a></li>`);
  const title = `Parallax: ${head.campaigns.map(({ id }) => id).join(", ")}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Multipath TCP and middleboxes</h1>
${introduction(head)}
</header>
<nav aria-label="Contents"><ul>
${contents.join("\n")}
</ul></nav>
<main>
${found.map(({ item, section }) => sectionOf(item, section, drawing)).join("\n")}
</main>
</body>
</html>
`;
}

function introduction({ campaigns, knowledge }: ReportHead): string {
  const lines = campaigns.map(
    ({ id, date, vantages }) => `<li><b>${escapeHtml(id)}</b>, ${date}, from ${escapeHtml(vantages.join(", "))}</li>`,
  );
  const known = knowledge.map((line) => `<li>${escapeHtml(line)}</li>`);
  return `<p class="soft">What these campaigns found:</p><ul>${lines.join("")}</ul>
<p class="soft">Networks and places come from:</p><ul>${known.join("")}</ul>`;
}

function sectionOf(item: ReportItem, { rows, absent }: ReportSection, drawing: Drawing): string {
  const about = `<p>${escapeHtml(item.about)}</p>`;
  const content =
    absent !== null
      ? `<p class="absent">Not measured: ${escapeHtml(absent)}.</p>`
      : `${item.figure === undefined ? "" : `<figure>${item.figure(rows, drawing)}</figure>`}${tablesOf(item, rows)}
<p class="soft"><a href="${item.id}.csv">${item.id}.csv</a></p>`;
  return `<section id="${item.id}"><h2>${escapeHtml(item.title)}</h2>${about}${content}</section>`;
}

function missing({ id }: ReportItem): ReportSection {
  return { id, rows: [], absent: "the coordinator is of another version and does not have it" };
}
