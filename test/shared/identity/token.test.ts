import { describe, expect, test } from "@jest/globals";
import { formatToken, parseToken } from "../../../shared/identity/token.js";

const TOKEN = {
  id: "0a1b2c3d4e5f",
  address: "[2001:db8::1]:7444",
  fingerprint: "ab".repeat(32),
  secret: "s".repeat(43),
};

describe("an enrolment token", () => {
  test("is one word that says where to enrol, whom to trust and what to show", () => {
    const text = formatToken(TOKEN);
    expect(text).toMatch(/^plx1\.[\w-]+$/);
    expect(parseToken(`  ${text}\n`)).toEqual(TOKEN);
  });

  test.each([
    ["nothing", ""],
    ["another word", "hunter2"],
    ["a piece of one", formatToken(TOKEN).slice(0, -9)],
    ["one without its beginning", formatToken(TOKEN).slice(5)],
    ["JSON of another shape", `plx1.${Buffer.from("{}").toString("base64url")}`],
    ["an address without a port", formatToken({ ...TOKEN, address: "host" })],
    ["a book", `plx1.${"A".repeat(100_000)}`],
  ])("is not %s, and the error does not repeat it", (_, text) => {
    expect(() => parseToken(text)).toThrow("this is no enrolment token, or a piece of it is missing");
  });
});
