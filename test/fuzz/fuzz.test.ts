import { describe, expect, it } from "@jest/globals";
import { DecodeError } from "../../shared/errors.js";
import type { FuzzedDecoder } from "./decoder.js";
import { fuzz } from "./fuzz.js";

const CASES = 2_000;

function decoderThat(decode: (bytes: Uint8Array) => unknown): FuzzedDecoder {
  return { name: "trial", seeds: [new Uint8Array(32)], maxBytes: 64, refusal: DecodeError, decode };
}

function busyFor(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

describe("fuzzing", () => {
  it("lets a decoder refuse with its own error, and counts what it reads", async () => {
    const decoder = decoderThat((bytes) => {
      if (bytes.length % 2 === 0) throw new DecodeError("even");
    });
    const { cases, accepted, failure } = await fuzz(decoder, { cases: CASES, seed: 1 });
    expect({ cases, failure }).toEqual({ cases: CASES, failure: null });
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(CASES);
  });

  it.each([
    ["thrown", (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint8(40)],
    [
      "rejected with",
      async (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint8(40),
    ],
  ])("ends at the first other error that is %s, and gives its input", async (_how, decode) => {
    const { failure } = await fuzz(decoderThat(decode), { cases: CASES, seed: 1 });
    expect(failure?.reason).toContain("RangeError");
    expect(failure?.input.length).toBeLessThan(41);
  });

  it("ends at an input that is slow every time", async () => {
    const { failure } = await fuzz(
      decoderThat((bytes) => {
        if (bytes[3] === 0xff) busyFor(1.5);
      }),
      { cases: CASES, seed: 1 },
    );
    expect(failure?.reason).toMatch(/^it takes \d+\.\d\d ms$/);
    expect(failure?.input[3]).toBe(0xff);
  });

  it("takes no input for slow that is so fifteen times in a row and then is not", async () => {
    let calls = 0;
    const decoder = decoderThat((bytes) => {
      if (bytes[3] === 0xff && ++calls % 16 !== 0) busyFor(1.5);
    });
    expect((await fuzz(decoder, { cases: 300, seed: 1 })).failure).toBeNull();
    expect(calls).toBeGreaterThan(0);
  });

  it("gives the same inputs for the same seed, and others for another", async () => {
    const inputsOf = async (seed: number): Promise<string[]> => {
      const inputs: string[] = [];
      await fuzz(
        decoderThat((bytes) => inputs.push(Buffer.from(bytes).toString("hex"))),
        { cases: 50, seed },
      );
      return inputs;
    };
    // A machine with other work measures some inputs again: each counts once here.
    const [first, again, other] = [new Set(await inputsOf(1)), new Set(await inputsOf(1)), new Set(await inputsOf(2))];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });
});
