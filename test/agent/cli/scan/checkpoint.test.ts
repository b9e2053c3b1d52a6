import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import {
  type Checkpoint,
  readCheckpoint,
  requireSameScan,
  writeCheckpoint,
} from "../../../../agent/cli/scan/checkpoint.js";

const folder = mkdtempSync(join(tmpdir(), "parallax-checkpoint-"));
afterAll(() => rmSync(folder, { recursive: true }));

const CHECKPOINT: Checkpoint = {
  format: "parallax-scan",
  version: 1,
  scan: { "--target-ports": "80", targets: "198.18.0.0/16" },
  secret: "00112233445566778899aabbccddeeff",
  permutationKey: "ffeeddccbbaa99887766554433221100",
  intervals: [{ source: "synscan/v4/80", from: 0, to: 65_536, sent: 1200, done: 800 }],
  outputBytes: 4711,
  targets: { ipv4: "AAD/xv//E8Y=", ipv6: "" },
  totals: {
    ...{
      packets: 5000,
      replies: 12,
      successes: 9,
      cooldownSuccesses: 0,
      results: 12,
      duplicates: 1,
      late: 0,
      skipped: 0,
    },
    ...{ received: 20, kernelDrops: null, sendErrors: 0, valid: 13, foreign: 7 },
  },
  askedAgain: [],
  startedAtMs: 1_795_437_835_959,
};

describe("a checkpoint", () => {
  it("comes back as it was written, and only its owner can read it", async () => {
    const file = join(folder, "whole");
    await writeCheckpoint(file, CHECKPOINT);
    await writeCheckpoint(file, { ...CHECKPOINT, outputBytes: null });
    expect(await readCheckpoint(file)).toEqual({ ...CHECKPOINT, outputBytes: null });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["whole"]);
  });

  it("is there or not: a missing file begins a scan", async () => {
    expect(await readCheckpoint(join(folder, "missing"))).toBeNull();
  });

  it.each(["", "{}", '{"format":"parallax-scan","version":2}', "\u0000", '{"format": "parallax-scan"'])(
    "is never taken from a file that says %p",
    async (text) => {
      const file = join(folder, "other");
      writeFileSync(file, text);
      await expect(readCheckpoint(file)).rejects.toMatchObject({
        message: `--resume: ${file} is no file that a scan left to be resumed`,
        exitCode: 2,
      });
      expect(readFileSync(file, "utf8")).toBe(text);
    },
  );

  it("that cannot be read or written is named with its option", async () => {
    await expect(readCheckpoint(folder)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining("EISDIR"),
    });
    await expect(writeCheckpoint(join(folder, "none", "x"), CHECKPOINT)).rejects.toThrow(
      /--resume: .* cannot be written \(ENOENT\)/,
    );
  });
});

describe("resuming", () => {
  it("takes the same scan", () => {
    requireSameScan("file", CHECKPOINT, { ...CHECKPOINT.scan });
  });

  it("refuses another one, naming the option that differs", () => {
    expect(() => requireSameScan("file", CHECKPOINT, { ...CHECKPOINT.scan, "--target-ports": "80,443" })).toThrow(
      expect.objectContaining({
        message: "--resume: file is of another scan: --target-ports was 80 and is 80,443",
        exitCode: 2,
      }),
    );
    expect(() => requireSameScan("file", CHECKPOINT, { ...CHECKPOINT.scan, "--seed": "5" })).toThrow(
      /--seed was - and is 5/,
    );
    expect(() => requireSameScan("file", CHECKPOINT, { targets: "198.18.0.0/16" })).toThrow(
      /--target-ports was 80 and is -/,
    );
  });
});
