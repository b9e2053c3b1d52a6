import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { needMptcpKernel } from "../../../agent/timing/kernel.js";
import { decodeMptcpInfo } from "../../../agent/timing/mptcp-info.js";
import { createMptcpWatch } from "../../../agent/timing/mptcp-watch.js";

describe("a kernel for timing", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "parallax-mptcp-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const say = (name: string, value: number): void => writeFileSync(join(folder, name), `${value}\n`);

  it("has MPTCP", () => {
    expect(() => needMptcpKernel(join(folder, "none"))).toThrow(/has no MPTCP/);
  });

  it("has it switched on", () => {
    say("enabled", 0);
    expect(() => needMptcpKernel(folder)).toThrow(/net\.mptcp\.enabled is 0/);
  });

  it("does not switch it off after a dropped SYN, or does not know how to", () => {
    say("enabled", 1);
    expect(() => needMptcpKernel(folder)).not.toThrow();
    say("blackhole_timeout", 0);
    expect(() => needMptcpKernel(folder)).not.toThrow();
    say("blackhole_timeout", 60);
    expect(() => needMptcpKernel(folder)).toThrow(/blackhole_timeout is 60/);
  });
});

describe("what a connection says of its MPTCP", () => {
  it("is read from struct mptcp_info: flag 1 is a fallback, byte 0 counts subflows beside the first", () => {
    const info = new Uint8Array(128);
    info[0] = 2;
    info[8] = 2;
    expect(decodeMptcpInfo(info)).toEqual({ state: "negotiated", subflows: 3 });
    info[8] = 3;
    expect(decodeMptcpInfo(info)).toEqual({ state: "fell-back", subflows: 0 });
  });

  it("tells a fallback in the middle from one at the beginning, and survives the socket's end", () => {
    const lives = [
      [["negotiated", "negotiated", null], "negotiated"],
      [["negotiated", "fell-back", "fell-back"], "fell-back-later"],
      [["fell-back", "fell-back"], "fell-back"],
      [[null], ""],
    ] as const;
    for (const [seen, state] of lives) {
      const states = [...seen];
      const watch = createMptcpWatch(() => {
        const next = states.shift() ?? null;
        return next === null ? null : { state: next, subflows: next === "negotiated" ? 1 : 0 };
      });
      for (const _ of seen) watch.look();
      expect(watch.state).toBe(state);
    }
  });
});
