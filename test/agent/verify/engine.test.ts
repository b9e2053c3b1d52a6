import { describe, expect, it } from "@jest/globals";
import { createVerify, type VerifyOptions } from "../../../agent/verify/engine.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { HandshakeRow } from "../../../shared/batch/rows.js";
import type { PacketRule } from "../../../shared/middlebox/rule.js";
import { decodeMptcp } from "../../../shared/option/mptcp.js";
import { findOption } from "../../../shared/option/tcp-options.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { TCP_RST, TCP_SYN, type TcpHeader } from "../../../shared/packet/tcp.js";
import { createListSource } from "../../../shared/target/list.js";
import { synAck } from "../wire/answers.js";
import { createKit, type Kit } from "../wire/engine-kit.js";
import type { Network } from "../wire/memory-port.js";
import { createHostV0 } from "./host-v0.js";

/** A host right behind the agent's interface. */
function networkOf(host: PacketRule): Network {
  return (packet) => {
    const answers: Uint8Array[] = [];
    host(packet, "forth", { back: (made) => answers.push(made), on: () => undefined });
    return answers.map((answer) => ({ afterMs: 2, packet: answer }));
  };
}

function engineOn(kit: Kit, more: Partial<VerifyOptions> = {}) {
  const resetPacer = kit.options.pacer;
  return createVerify({
    ...kit.options,
    resetPacer,
    busyHosts: new Set(),
    prepare: async () => {},
    variants: ["v0"],
    ...more,
  });
}

const rowsOf = (kit: Kit): HandshakeRow[] => kit.rows.filter((row) => row.table === "handshakes");
const sentBy = (kit: Kit): { atMs: number; tcp: TcpHeader }[] =>
  kit.port.sent.flatMap(({ atMs, packet }) => {
    const decoded = decodePacket(packet);
    return decoded.kind === "tcp" ? [{ atMs, tcp: decoded.tcp }] : [];
  });

describe("verify", () => {
  it.each(["198.18.0.1", "2001:db8:5::1"])("proves MPTCP version 0 of our own responder at %s", async (target) => {
    const kit = createKit(networkOf(createHostV0()), { targets: [target] });
    const engine = engineOn(kit);
    await kit.run(engine);
    expect(rowsOf(kit)).toMatchObject([
      { variant: "v0", verdict: "dss-proved", after: "", join: "join-accepted", joinRemoval: "removed", joinProbe: "" },
    ]);
    expect(engine.progress()).toMatchObject({ sent: 1, done: 1, replies: 1 });
  });

  it.each([
    [1, "dss-proved", 2],
    [0, "unconfirmed", 1],
  ])("with %i retries finds a host whose first connection loses all data %s", async (retries, verdict, connections) => {
    const host = createHostV0();
    let begun = 0;
    const kit = createKit(
      networkOf((packet, direction, aside) => {
        const decoded = decodePacket(packet);
        if (decoded.kind !== "tcp") return null;
        const option = findOption(decoded.tcp.options, 30);
        const isCapable = option !== undefined && decodeMptcp(option).kind === "MP_CAPABLE";
        if (decoded.tcp.flags === TCP_SYN && isCapable) begun++;
        return begun === 1 && decoded.tcp.payload.length > 0 ? null : host(packet, direction, aside);
      }),
      { targets: ["198.18.0.1"] },
    );
    await kit.run(engineOn(kit, { retries }));
    expect(rowsOf(kit)).toMatchObject([{ variant: "v0", verdict }]);
    expect(begun).toBe(connections);
  });

  it("takes no DATA_ACK for proof that does not count from the key's hash", async () => {
    const kit = createKit(networkOf(createHostV0({ wrongDataAck: true })), { targets: ["198.18.0.1"] });
    await kit.run(engineOn(kit));
    expect(rowsOf(kit)).toMatchObject([{ verdict: "fell-back", after: "", join: "" }]);
  });

  it("resets every connection within a second, on both subflows", async () => {
    const kit = createKit(networkOf(createHostV0()), { targets: ["198.18.0.1"] });
    await kit.run(engineOn(kit));
    const sent = sentBy(kit);
    const ports = new Set(sent.map(({ tcp }) => tcp.sourcePort));
    expect(ports.size).toBe(2);
    for (const port of ports) {
      const own = sent.filter(({ tcp }) => tcp.sourcePort === port);
      expect(own[0]?.tcp.flags).toBe(TCP_SYN);
      expect((own.at(-1)?.tcp.flags ?? 0) & TCP_RST).toBe(TCP_RST);
      expect((own.at(-1)?.atMs ?? 0) - (own[0]?.atMs ?? 0)).toBeLessThan(1000);
      expect(port).toBeGreaterThanOrEqual(31_744);
      expect(port).toBeLessThanOrEqual(32_767);
    }
  });

  it("resets what is open when it is stopped, also where nothing else may be sent, and makes no row of it", async () => {
    const stop = new AbortController();
    let mayGo = true;
    const host = createHostV0();
    const kit = createKit(
      networkOf((packet, direction, aside) => {
        const decoded = decodePacket(packet);
        // The answer to the request never comes: the connection is in the middle of its life.
        if (decoded.kind === "tcp" && decoded.tcp.payload.length > 0) {
          mayGo = false;
          stop.abort();
          return null;
        }
        return host(packet, direction, aside);
      }),
      { targets: ["198.18.0.1"], mayContinue: () => mayGo },
    );
    const open = createKit(() => [], { targets: [] }).options.pacer;
    const engine = engineOn(kit, { resetPacer: open });
    await kit.run(engine, stop.signal);
    const resets = sentBy(kit).filter(({ tcp }) => (tcp.flags & TCP_RST) !== 0);
    expect(resets.length).toBeGreaterThan(0);
    expect(rowsOf(kit)).toEqual([]);
    expect(engine.progress().done).toBe(0);
  });

  it("has one connection with a host at a time, whatever its ports", async () => {
    const kit = createKit(networkOf(createHostV0()), { targets: ["198.18.0.1"] });
    const address = parseAddress("198.18.0.1");
    const source = createListSource([80, 81, 82].map((port) => ({ address, port })));
    await kit.run(engineOn(kit, { source, to: 3 }));
    expect(rowsOf(kit).map(({ verdict }) => verdict)).toEqual(["dss-proved", "dss-proved", "dss-proved"]);
    // Each connection's SYN with MP_CAPABLE comes after the reset of the one before.
    const events = sentBy(kit).flatMap(({ tcp }) => {
      const option = findOption(tcp.options, 30);
      const kind = option === undefined ? "" : decodeMptcp(option).kind;
      return tcp.flags === TCP_SYN && kind === "MP_CAPABLE" ? ["begin"] : kind === "MP_FASTCLOSE" ? ["end"] : [];
    });
    expect(events).toEqual(["begin", "end", "begin", "end", "begin", "end"]);
  });

  it("makes no row for silence, and one for a host that only answers with TCP", async () => {
    const silent = createKit(() => [], { targets: ["198.18.0.1"] });
    await silent.run(engineOn(silent, { variants: ["v1"] }));
    expect(silent.rows).toEqual([]);
    const plain = createKit(
      (packet) => ((packet[33] ?? 0) === TCP_SYN ? [{ afterMs: 1, packet: synAck(packet) }] : []),
      {
        targets: ["198.18.0.1"],
      },
    );
    await plain.run(engineOn(plain, { variants: ["v1"] }));
    expect(rowsOf(plain)).toMatchObject([{ verdict: "fell-back", synVerdict: "plain", joinProbe: "syn-ack" }]);
  });
});
