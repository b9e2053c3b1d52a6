import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { hexDump } from "../../../coordinator/dashboard/page/hex.js";

describe("bytes on the page", () => {
  it("stand sixteen in a line, with their offset and what they are as characters", () => {
    // "GET / HTTP/1.1", CR, LF, and the first two of an option 30.
    const sent = Buffer.from("GET / HTTP/1.1\r\n\x1e\x0c", "latin1").toString("hex");
    const whole = "0000  47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..";
    // What they are as characters stands in one column.
    expect(hexDump(sent).split("\n")).toEqual([whole, `${"0010  1e 0c".padEnd(whole.indexOf("GET"))}..`]);
  });

  it("are none for an empty text", () => {
    expect(hexDump("")).toBe("");
  });

  it("are all there, in their order, and nothing that a terminal would obey", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (packet) => {
        const dumped = hexDump(Buffer.from(packet).toString("hex"));
        const shown = dumped.split("\n").map((line) => line.slice(6, 6 + 47).replaceAll(" ", ""));
        expect(shown.join("")).toBe(Buffer.from(packet).toString("hex"));
        expect(dumped).toMatch(/^[\x20-\x7e\n]*$/);
      }),
    );
  });
});
