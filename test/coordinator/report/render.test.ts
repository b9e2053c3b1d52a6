import { describe, expect, it } from "@jest/globals";
import { csvOf } from "../../../coordinator/report/csv.js";
import { count, type ReportItem, text } from "../../../coordinator/report/item.js";
import { shareFigure } from "../../../coordinator/report/render/bars.js";
import { grouped, percent } from "../../../coordinator/report/render/numbers.js";
import { tablesOf } from "../../../coordinator/report/render/table.js";

const ITEM: ReportItem = {
  id: "networks",
  title: "Networks",
  about: "",
  columns: [text("family", "Family"), text("name", "Name"), count("hosts", "Hosts")],
  over: "all",
  split: ["family"],
  top: { rows: 1, count: "hosts" },
  sql: () => null,
};
const ROWS = [
  { family: "IPv4", name: '<script>"x"</script>', hosts: 1_234 },
  { family: "IPv4", name: "b", hosts: 3 },
  { family: "IPv4", name: "c", hosts: 2 },
  { family: "IPv6", name: null, hosts: 1 },
];

describe("a table on the page", () => {
  const html = tablesOf(ITEM, ROWS);

  it("is parted by the columns that the item names, and sums up what it does not show", () => {
    expect(html.match(/<h3>[^<]*<\/h3>/g)).toEqual(["<h3>IPv4</h3>", "<h3>IPv6</h3>"]);
    expect(html).toContain('<tr class="others"><td>2 more</td><td class="right">5</td></tr>');
  });

  it("shows names as text, whatever they are, numbers in groups of three, and a dash for what nobody knows", () => {
    expect(html).toContain("&lt;script&gt;&quot;x&quot;&lt;/script&gt;");
    expect(html).not.toContain("<script");
    expect(html).toContain('<td class="right">1,234</td>');
    expect(html).toContain("<td>–</td>");
  });
});

describe("a figure of shares", () => {
  it("has bars as long as the width, parted by share, and says the same in words", () => {
    const rows = [
      { port: 80, key: "same", hosts: 3 },
      { port: 80, key: "different", hosts: 1 },
    ];
    const parts = [
      { value: "same", words: "same key" },
      { value: "different", words: "other key" },
    ];
    const svg = shareFigure(rows, { bar: ["port"], part: "key", count: "hosts", parts });
    expect([...svg.matchAll(/x="([\d.]+)%" y="18" width="([\d.]+)%"/g)].map(([, x, width]) => [x, width])).toEqual([
      ["0", "75"],
      ["75", "25"],
    ]);
    expect(svg).toContain('aria-label="port 80: same key: 3 (75.0 %), other key: 1 (25.0 %)"');
  });
});

describe("numbers", () => {
  it.each([
    [0.00006, "0.006 %"],
    [0.0566, "5.66 %"],
    [0.5, "50.0 %"],
    [1, "100 %"],
    [0, "0 %"],
    [-0.0885, "-8.85 %"],
  ])("%d is %s", (value, words) => expect(percent(value)).toBe(words));

  it("have their digits in groups of three", () => {
    expect([0, 999, 1_000, 64_464_026].map(grouped)).toEqual(["0", "999", "1,000", "64,464,026"]);
  });
});

describe("a CSV file", () => {
  it("quotes cells with commas, quotes and line ends, as RFC 4180 says, and leaves unknown ones empty", () => {
    const rows = [{ name: 'a "b", c\nd', hosts: null }];
    expect(csvOf(ITEM.columns.slice(1), rows)).toBe('name,hosts\r\n"a ""b"", c\nd",\r\n');
  });
});
