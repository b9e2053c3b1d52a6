import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { openState } from "../../../coordinator/up/state.js";

const where = {
  metrics: "",
  operators: "https://c:7701",
  api: "http://127.0.0.1:1",
  warehouse: "http://127.0.0.1:2",
  enrolment: "e",
  agents: "127.0.0.1:3",
  broker: "nats://127.0.0.1:4",
};
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parallax-state-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const left = (pid: number) => writeFileSync(join(folder, "up.json"), JSON.stringify({ pid, ...where }));

describe("a coordinator's folder", () => {
  it("says where the coordinator is from its start to its end, also to the same process", () => {
    const state = openState(folder);
    expect(state.running()).toBeNull();
    state.claim();
    expect(state.running()).toBeNull();
    state.publish(where);
    expect(state.running()).toEqual({ pid: process.pid, ...where });
    state.release();
    expect(state.running()).toBeNull();
  });

  it("is refused while another process has it", () => {
    left(process.ppid);
    expect(() => openState(folder).claim()).toThrow(`process ${process.ppid}`);
  });

  it("can be taken over from a process that is gone, from an earlier life with our own number, and from a torn file", () => {
    left(2 ** 30);
    expect(openState(folder).running()).toBeNull();
    for (const leave of [
      () => left(2 ** 30),
      () => left(process.pid),
      () => writeFileSync(join(folder, "up.json"), "{"),
    ]) {
      leave();
      expect(() => openState(folder).claim()).not.toThrow();
    }
  });

  it("keeps one token, for its owner alone", () => {
    const state = openState(folder);
    const token = state.token("operator");
    expect(openState(folder).token("operator")).toBe(token);
    expect(statSync(state.tokenFile("operator")).mode & 0o777).toBe(0o600);
  });
});
