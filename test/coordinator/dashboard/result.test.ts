import { describe, expect, it } from "@jest/globals";
import { readResult } from "../../../coordinator/dashboard/page/result.js";

const HEAD = '["name","n"]\n["String","UInt64"]\n';

/** An answer that comes in these pieces, and says whether somebody fetched them all. */
function inPieces(pieces: readonly Uint8Array[]) {
  let fetched = 0;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces[fetched++];
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel() {
        isCancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { answer: { body } as Pick<Response, "body">, left: () => ({ fetched, isCancelled }) };
}

describe("the result of a query", () => {
  it("has names and types of its columns, and its rows", async () => {
    const answer = new Response(`${HEAD}["a","18446744073709551615"]\n["b",null]\n`);
    expect(await readResult(answer)).toEqual({
      columns: [
        { name: "name", type: "String" },
        { name: "n", type: "UInt64" },
      ],
      rows: [
        ["a", "18446744073709551615"],
        ["b", null],
      ],
    });
  });

  it("is the same wherever it is cut on its way, in the middle of a character too", async () => {
    const bytes = new TextEncoder().encode(`${HEAD}["é–😀",1]\n`);
    for (let at = 0; at <= bytes.length; at++) {
      const { answer } = inPieces([bytes.subarray(0, at), bytes.subarray(at)]);
      expect((await readResult(answer)).rows).toEqual([["é–😀", 1]]);
    }
  });

  it("has no rows, or nothing at all, where the statement gives none", async () => {
    expect((await readResult(new Response(HEAD))).rows).toEqual([]);
    expect(await readResult(new Response(null))).toEqual({ columns: [], rows: [] });
  });

  it("ends with the last whole row of what is read, and the rest is not fetched", async () => {
    const row = '["row",1]\n';
    const rows = new TextEncoder().encode(row.repeat(1_000));
    const pieces = Array.from({ length: rows.length / 16 }, (_, i) => rows.subarray(16 * i, 16 * (i + 1)));
    const { answer, left } = inPieces([new TextEncoder().encode(HEAD), ...pieces]);
    // Four pieces are the first to pass it: six rows, and the beginning of another.
    const read = await readResult(answer, HEAD.length + 5 * row.length);
    expect(read.rows).toEqual(Array(6).fill(["row", 1]));
    expect(left()).toEqual({ fetched: 5, isCancelled: true });
    // In CSV a line that was cut off looks like any other.
    expect((await readResult(new Response("name\nString\n12\n34"), 12)).rows).toEqual([["12"]]);
  });

  it("in a format of the statement's own is shown line by line", async () => {
    const { columns, rows } = await readResult(new Response("CSV\n1\ntrue,false\n[cut\n"));
    expect([columns, rows]).toEqual([[{ name: "CSV", type: "1" }], [["true,false"]]]);
  });
});
