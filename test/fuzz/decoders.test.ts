import { describe, expect, it, jest } from "@jest/globals";
import { CORPUS } from "./corpus.js";
import { DECODERS } from "./decoders.js";
import { faultOf, fuzz } from "./fuzz.js";
import { bytesOfHex } from "./seeds.js";

const CASES = 100_000;
/** Always the same inputs: a failure here is there again in the next run. `npm run test:fuzz` looks at others. */
const SEED = 1;

/** Seconds on a machine that has time, and minutes on one that has none. */
jest.setTimeout(600_000);

// Node's own depth: Jest keeps a hundred frames of every error, which takes longer than to decode.
Error.stackTraceLimit = 10;

describe.each(DECODERS.map((decoder) => [decoder.name, decoder] as const))("%s", (_name, decoder) => {
  it("reads what it reads every day", async () => {
    for (const seed of decoder.seeds) expect(await faultOf(decoder, seed)).toBeNull();
  });

  it("refuses damaged and random bytes with its own error alone, and none slowly", async () => {
    const { cases, accepted, failure } = await fuzz(decoder, { cases: CASES, seed: SEED });
    const input = failure === null ? "" : Buffer.from(failure.input).toString("hex");
    expect({ ...failure, input }).toEqual({ input: "" });
    expect(cases).toBe(CASES);
    expect(accepted).toBeGreaterThan(CASES / 100);
  });
});

describe("inputs that once brought a decoder down", () => {
  it.each(CORPUS.map((fallen) => [fallen.decoder, fallen.what, fallen] as const))(
    "%s: %s",
    async (name, _what, { input }) => {
      const decoder = DECODERS.find((one) => one.name === name);
      if (decoder === undefined) throw new Error(`no decoder ${name}`);
      expect(await faultOf(decoder, bytesOfHex(input))).toBeNull();
    },
  );
});
