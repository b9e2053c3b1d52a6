import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { Behaviour } from "../../../shared/middlebox/behaviour.js";
import { createRule } from "../../../shared/middlebox/box.js";
import { altersAnswer, altersRequest, createMirror, dropsDataOptions, dropsJoins, nothing } from "./boxes.js";
import { createVerifyLab, type PrintedRow, type VerifyLab } from "./verify-lab.js";

const V4 = "198.18.0.1";
const V6 = "2001:2:0:1::7";

describe("parallax-agent verify", () => {
  let lab: VerifyLab;
  beforeAll(() => {
    lab = createVerifyLab();
    lab.loadRule();
  }, 60_000);
  afterAll(() => lab.destroy());
  afterEach(() => {
    lab.atHost("ip mptcp endpoint flush");
    lab.atHost("ip mptcp limits set subflows 2");
  });

  const behaving = (...behaviours: Behaviour[]) => createRule(behaviours, { routers: [] });
  const brief = (rows: readonly PrintedRow[]) =>
    rows.map(({ target, verdict, after, join }) => [target, verdict, after, join].join(" ").trim());
  /** MPTCP connections that the host has, whoever closed their subflows. */
  const connections = (): string => lab.atHost("ss -MHna state connected");

  it.each([
    [80, "a server that answers"],
    [82, "a kernel whose program does nothing"],
  ])("proves the kernel's MPTCP on port %i, %s, and leaves nothing behind", async (port) => {
    const rows = await lab.verify(nothing, V4, V6, "--port", String(port));
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      expect(row).toMatchObject({
        verdict: "dss-proved",
        after: "",
        synVerdict: "claims-v1",
        joinProbe: "mp-tcprst",
        joinProbeReason: 1,
        join: "join-accepted",
        joinRemoval: "removed",
        noJoin: false,
        addresses: [],
      });
    }
    expect(connections()).toBe("");
  });

  it("calls a plain TCP server fallen back", async () => {
    const rows = await lab.verify(nothing, V4, V6, "--port", "81");
    expect(brief(rows)).toEqual([`${V4} fell-back`, `${V6} fell-back`]);
    expect(rows.map(({ joinProbe, synVerdict }) => [joinProbe, synVerdict])).toEqual([
      ["syn-ack", "plain"],
      ["syn-ack", "plain"],
    ]);
  });

  it("collects what the host announces, and whether the announcement is signed with both keys", async () => {
    lab.atHost("ip mptcp endpoint add 192.0.2.2 signal");
    const [row] = await lab.verify(nothing, V4);
    expect(row).toMatchObject({ verdict: "dss-proved" });
    expect(row?.addresses).toEqual([expect.stringMatching(/^192\.0\.2\.2 id \d+$/)]);
  });

  it("tells a second subflow that the host rejects from one that is lost on the way", async () => {
    const lost = await lab.verify(dropsJoins, V4);
    expect(brief(lost)).toEqual([`${V4} dss-proved  join-blocked`]);
    expect(lost[0]?.joinProbe).toBe("silent");
    lab.atHost("ip mptcp limits set subflows 0");
    const rejected = await lab.verify(nothing, V4);
    expect(brief(rejected)).toEqual([`${V4} dss-proved  join-rejected`]);
  });

  it.each<[string, number, () => Parameters<VerifyLab["verify"]>[0]]>([
    ["a box that cuts option 30 out", 80, () => behaving({ kind: "strip", when: {}, options: [30], fill: "cut" })],
    ["a box that overwrites option 30", 80, () => behaving({ kind: "strip", when: {}, options: [30], fill: "nop" })],
    [
      "a box that strips SYNs only",
      80,
      () => behaving({ kind: "strip", when: { segment: "syn" }, options: [30], fill: "nop" }),
    ],
    ["a box that echoes option 30", 81, () => behaving({ kind: "echo", options: "mptcp" })],
    ["a box that echoes all it does not know", 81, () => behaving({ kind: "echo", options: "unknown" })],
    ["a mirror that claims MPTCP", 81, createMirror],
    [
      "a SYN proxy",
      80,
      () => behaving({ kind: "answer", when: { ports: [80] }, alsoForwards: false, ttl: 64, window: 65_535 }),
    ],
  ])("never takes %s (port %i behind it) for proof", async (_name, port, rule) => {
    const rows = await lab.verify(rule(), V4, V6, "--port", String(port));
    expect(rows.map(({ target }) => target)).toEqual([V4, V6]);
    for (const { verdict } of rows) expect(["fell-back", "unconfirmed"]).toContain(verdict);
    expect(rows.map(({ join }) => join)).toEqual(["", ""]);
  });

  it("knows a host whose DSS is taken out by its MP_TCPRST, and says so", async () => {
    const rows = await lab.verify(dropsDataOptions, V4, V6);
    expect(brief(rows)).toEqual([`${V4} join-reset dss-stripped`, `${V6} join-reset dss-stripped`]);
  });

  it.each([
    ["to the host", altersRequest],
    ["from the host", altersAnswer],
  ])("sees that data is changed on its way %s", async (_name, rule) => {
    const rows = await lab.verify(rule, V4, V6);
    expect(brief(rows).map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
      `${V4} dss-proved payload-altered`,
      `${V6} dss-proved payload-altered`,
    ]);
  });
});

describe("parallax-agent verify without the rule that keeps the kernel silent", () => {
  let lab: VerifyLab;
  beforeAll(() => {
    lab = createVerifyLab();
  }, 60_000);
  afterAll(() => lab.destroy());

  it("sends nothing and names the remedy", async () => {
    await expect(lab.verify(nothing, V4)).rejects.toThrow(/would end every handshake.*load .*parallax-handshake\.nft/);
    const { stdout } = await lab.run("doctor");
    expect(stdout).toMatch(/^warning +handshakes .*parallax-handshake\.nft/m);
    lab.loadRule();
    const again = await lab.run("doctor");
    expect(again.stdout).toMatch(/^ok +handshakes /m);
  });
});
