import { describe, expect, it } from "@jest/globals";
import { matrixRows, sumBy } from "../../../coordinator/dashboard/page/matrix-rows.js";

const row = (target: string, port = 80) => ({ target, port });

describe("rows of the matrix", () => {
  it("are those that are not seen alike, then the others, each target once on each port", () => {
    const others = [row("198.18.0.1"), row("198.18.0.1", 443), row("198.18.0.2")];
    expect(matrixRows([row("198.18.0.2"), row("198.18.0.9")], others)).toEqual([
      row("198.18.0.2"),
      row("198.18.0.9"),
      row("198.18.0.1"),
      row("198.18.0.1", 443),
    ]);
  });

  it("are only those whose address begins as wanted", () => {
    const all = [row("198.18.0.1"), row("2001:db8::1"), row("98.18.0.1")];
    expect(matrixRows(all, [], " 198.18 ")).toEqual([row("198.18.0.1")]);
    expect(matrixRows(all, [], "1.1.1.1")).toEqual([]);
  });

  it("are counted by whatever one likes", () => {
    const counts = [
      { verdict: "plain", targets: 5 },
      { verdict: "echo", targets: 1 },
      { verdict: "plain", targets: 2 },
    ];
    expect([...sumBy(counts, ({ verdict }) => verdict)]).toEqual([
      ["plain", 7],
      ["echo", 1],
    ]);
  });
});
