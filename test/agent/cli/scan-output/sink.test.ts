import { describe, expect, it } from "@jest/globals";
import { createLineSink, type LineTarget, ReaderGone } from "../../../../agent/cli/scan-output/sink.js";

/** A target whose writes wait until they are let go. */
function slowTarget() {
  const writes: string[] = [];
  const gates: (() => void)[] = [];
  let syncs = 0;
  let closed = false;
  let error: Error | null = null;
  const target: LineTarget = {
    name: "out.json",
    startBytes: 100,
    uncountedLines: 0,
    async write(bytes) {
      writes.push(Buffer.from(bytes).toString());
      await new Promise<void>((resolve) => gates.push(resolve));
      if (error !== null) throw error;
    },
    async sync() {
      syncs++;
    },
    async close() {
      closed = true;
    },
  };
  return {
    target,
    writes,
    letGo: () => gates.shift()?.(),
    failWith(code: string) {
      error = Object.assign(new Error(code), { code });
    },
    get syncs() {
      return syncs;
    },
    get closed() {
      return closed;
    },
  };
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe("the sink of lines", () => {
  it("joins what comes while a write is under way, and keeps the order", async () => {
    const slow = slowTarget();
    const sink = createLineSink(slow.target, 1000);
    sink.write("a\n");
    sink.write("b\n");
    await turns();
    sink.write("c\n");
    sink.write("d\n");
    expect(slow.writes).toEqual(["a\nb\n"]);
    slow.letGo();
    await turns();
    expect(slow.writes).toEqual(["a\nb\n", "c\nd\n"]);
  });

  it("writes what is more than a block in pieces, whole and in order", async () => {
    const slow = slowTarget();
    const sink = createLineSink(slow.target, 1e9);
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`);
    for (const line of lines) sink.write(line);
    const closing = sink.close();
    for (let i = 0; i < 10; i++) {
      await turns();
      slow.letGo();
    }
    await closing;
    expect(slow.writes.length).toBeGreaterThan(2);
    expect(slow.writes.join("")).toBe(lines.join(""));
    expect(sink.writtenBytes).toBe(100 + lines.join("").length);
  });

  it("says that it is full while more waits than it should", async () => {
    const slow = slowTarget();
    const sink = createLineSink(slow.target, 8);
    sink.write("12345\n");
    await turns();
    expect(sink.isFull).toBe(false);
    sink.write("123\n");
    expect(sink.isFull).toBe(true);
    slow.letGo();
    await turns();
    expect(sink.isFull).toBe(false);
  });

  it("flushes what was written before, not what comes after, and syncs then", async () => {
    const slow = slowTarget();
    const sink = createLineSink(slow.target, 1000);
    let flushed = false;
    sink.write("a\n");
    await turns();
    sink.write("b\n");
    const flushing = sink.flush().then(() => {
      flushed = true;
    });
    await turns();
    slow.letGo();
    await turns();
    expect(flushed).toBe(false);
    sink.write("c\n");
    slow.letGo();
    await flushing;
    expect(slow.syncs).toBe(1);
    expect(sink.writtenBytes).toBe(104);
  });

  it("flushes at once when nothing waits", async () => {
    const slow = slowTarget();
    await createLineSink(slow.target, 1000).flush();
    expect(slow.syncs).toBe(1);
  });

  it("counts only bytes that the target took", async () => {
    const slow = slowTarget();
    const sink = createLineSink(slow.target, 1000);
    sink.write("ä\n");
    await turns();
    expect(sink.writtenBytes).toBe(100);
    slow.letGo();
    await turns();
    expect(sink.writtenBytes).toBe(103);
  });

  it("ends with the target's failure: flushing rejects, nothing more is tried, closing works", async () => {
    const slow = slowTarget();
    slow.failWith("ENOSPC");
    const sink = createLineSink(slow.target, 1000);
    sink.write("a\n");
    await turns();
    sink.write("b\n");
    slow.letGo();
    const failure = await sink.failed;
    expect(failure.message).toBe("out.json cannot be written (ENOSPC)");
    await expect(sink.flush()).rejects.toBe(failure);
    sink.write("c\n");
    await sink.close();
    expect(slow.writes).toEqual(["a\n"]);
    expect(sink.writtenBytes).toBe(100);
    expect(slow.closed).toBe(true);
  });

  it("tells a reader that went away from a failure", async () => {
    const slow = slowTarget();
    slow.failWith("EPIPE");
    const sink = createLineSink(slow.target, 1000);
    sink.write("a\n");
    await turns();
    slow.letGo();
    expect(await sink.failed).toBeInstanceOf(ReaderGone);
  });

  it("closes behind the last line", async () => {
    const slow = slowTarget();
    const sink = createLineSink(slow.target, 1000);
    sink.write("a\n");
    const closing = sink.close();
    await turns();
    expect(slow.closed).toBe(false);
    slow.letGo();
    await closing;
    expect(slow.closed).toBe(true);
  });
});
