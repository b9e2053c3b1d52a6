import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "@jest/globals";

const DOCUMENTS = [
  ...readdirSync(".").filter((name) => name.endsWith(".md")),
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];

const withoutCode = (text: string): string => text.replace(/^ *```[\s\S]*?^ *```$/gm, "").replace(/`[^`\n]*`/g, "code");

/** The anchors that GitHub makes of a document's headings. */
function anchorsOf(file: string): Set<string> {
  const headings = [
    ...readFileSync(file, "utf8")
      .replace(/^ *```[\s\S]*?^ *```$/gm, "")
      .matchAll(/^#+ (.+)$/gm),
  ];
  return new Set(
    headings.map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** Links of a document to files of the repository that are not there, or to headings that their files do not have. */
function brokenLinks(file: string): string[] {
  const links = [...withoutCode(readFileSync(file, "utf8")).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? file : normalize(join(dirname(file), path));
    if (!existsSync(target)) return true;
    return anchor !== undefined && !anchorsOf(target).has(anchor);
  });
}

it.each(DOCUMENTS)("%s links to what is there", (file) => {
  expect(brokenLinks(file)).toEqual([]);
});

it("README.md leads to every document of docs/", () => {
  const readme = readFileSync("README.md", "utf8");
  const documents = readdirSync("docs").filter((name) => name.endsWith(".md"));
  expect(documents.filter((name) => !readme.includes(`](docs/${name})`))).toEqual([]);
});
