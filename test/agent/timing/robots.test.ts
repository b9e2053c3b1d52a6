import { describe, expect, it } from "@jest/globals";
import { mayFetchRoot, robotsVerdict } from "../../../agent/timing/robots.js";

const mayFetch = (...lines: string[]): boolean => mayFetchRoot(lines.join("\n"), "parallax");

describe("robots.txt", () => {
  it.each<[string, string[], boolean]>([
    ["is empty", [""], true],
    ["forbids all of it to all", ["User-agent: *", "Disallow: /"], false],
    ["forbids something else", ["User-agent: *", "Disallow: /private"], true],
    ["forbids nothing", ["User-agent: *", "Disallow:"], true],
    ["forbids it to others", ["User-agent: other", "Disallow: /"], true],
    ["forbids it to us, in whatever case", ["USER-AGENT: PARALLAX", "DISALLOW: /"], false],
    ["names us with a version", ["User-agent: parallax/2.0", "Disallow: /"], false],
    [
      "has rules of our own, so that those for all do not count",
      ["User-agent: *", "Disallow: /", "User-agent: parallax", "Allow: /"],
      true,
    ],
    ["has two groups for us", ["User-agent: parallax", "Allow: /x", "User-agent: parallax", "Disallow: /"], false],
    ["has one group for several", ["User-agent: other", "User-agent: parallax", "Disallow: /"], false],
    ["begins a group behind rules", ["User-agent: parallax", "Disallow: /x", "User-agent: other", "Disallow: /"], true],
    ["allows what it forbids", ["User-agent: *", "Disallow: /", "Allow: /"], true],
    ["allows the page alone", ["User-agent: *", "Disallow: /", "Allow: /$"], true],
    ["forbids everything by a wildcard", ["User-agent: *", "Disallow: *"], false],
    ["forbids the page alone", ["User-agent: *", "Disallow: /$"], false],
    ["forbids one kind of file", ["User-agent: *", "Disallow: /*.pdf$"], true],
    [
      "has comments, blanks and other keys",
      ["# hello: you", "User-agent : *   # all", "Crawl-delay: 5", "", "Disallow : / # no"],
      false,
    ],
    ["ends lines as on Windows, after a byte order mark", ["\uFEFFUser-agent: *\r", "Disallow: /\r"], false],
    ["has rules for nobody", ["Disallow: /"], true],
    ["is a page", ["<html><body>Disallow: /</body></html>"], true],
  ])("that %s", (_what, lines, allowed) => {
    expect(mayFetch(...lines)).toBe(allowed);
  });

  it.each([
    [200, "disallowed"],
    [404, "allowed"],
    [403, "allowed"],
    [301, "allowed"],
    [429, "unreachable"],
    [500, "unreachable"],
  ] as const)("with status %i means %s where its text says no", (status, verdict) => {
    const body = Buffer.from("User-agent: *\nDisallow: /");
    expect(robotsVerdict({ outcome: "complete", status, body })).toBe(verdict);
  });

  it("that did not come whole gives no leave", () => {
    const body = Buffer.from("User-agent: *\nAllow: /");
    for (const outcome of ["closed", "timeout", "reset", "tls-failed"] as const) {
      expect(robotsVerdict({ outcome, status: 200, body })).toBe("unreachable");
    }
  });
});
