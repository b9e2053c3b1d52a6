import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { openFileTarget } from "../../../../agent/cli/scan-output/targets.js";

const folder = mkdtempSync(join(tmpdir(), "parallax-output-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function writeTo(file: string, keepBytes: number | null, text: string): Promise<void> {
  const target = await openFileTarget("--output-file", file, keepBytes);
  await target.write(Buffer.from(text));
  await target.sync();
  await target.close();
}

describe("an output file", () => {
  it("is made anew for a new scan", async () => {
    const file = join(folder, "new");
    writeFileSync(file, "old\n");
    await writeTo(file, null, "a\n");
    expect(readFileSync(file, "utf8")).toBe("a\n");
  });

  it("of an interrupted scan is gone on with; a torn last line is cut, whole lines behind the checkpoint stay", async () => {
    const file = join(folder, "torn");
    writeFileSync(file, "a\nb\n");
    appendFileSync(file, 'c\n{"saddr":"198.');
    const target = await openFileTarget("--output-file", file, 4);
    expect(target).toMatchObject({ startBytes: 6, uncountedLines: 1 });
    await target.close();
    await writeTo(file, 4, "d\n");
    expect(readFileSync(file, "utf8")).toBe("a\nb\nc\nd\n");
  });

  it("of an interrupted scan that ends in the middle of its first line is empty again", async () => {
    const file = join(folder, "first");
    writeFileSync(file, '{"sad');
    const target = await openFileTarget("--output-file", file, 0);
    expect(target.startBytes).toBe(0);
    await target.close();
    expect(readFileSync(file, "utf8")).toBe("");
  });

  it("that lost rows is refused", async () => {
    const file = join(folder, "short");
    writeFileSync(file, "a\n");
    await expect(openFileTarget("--output-file", file, 4)).rejects.toMatchObject({
      message: `${file} has 2 bytes, and had 4 when the scan was interrupted`,
      exitCode: 2,
    });
    expect(readFileSync(file, "utf8")).toBe("a\n");
  });

  it("that is gone, or that cannot be made, is named with its option", async () => {
    const gone = join(folder, "gone");
    await expect(openFileTarget("--output-file", gone, 4)).rejects.toThrow(
      `--output-file: ${gone} cannot be opened (ENOENT)`,
    );
    const nowhere = join(folder, "none", "x");
    await expect(openFileTarget("-o", nowhere, null)).rejects.toMatchObject({ exitCode: 2 });
  });

  it("may be a device", async () => {
    await writeTo("/dev/null", null, "a\n");
  });
});
