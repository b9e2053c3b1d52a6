import { describe, expect, it } from "@jest/globals";
import type { ProbeJob } from "../../../agent/lease/engine.js";
import { createLateNetwork } from "../../../agent/lease/late-network.js";
import { type Prefix, parsePrefix } from "../../../shared/address/prefix.js";
import { UserError } from "../../../shared/errors.js";
import { createTestNetwork } from "../../integration/agent/network.js";

const NOT_NOW = new UserError("no right", { remedy: "run as root" });
const OPTED_OUT = [parsePrefix("198.18.0.0/24")];
const JOB = { from: 7, to: 9 } as ProbeJob;

/** A network that opens at the second attempt. */
function create() {
  let attempts = 0;
  const leftOut: (readonly Prefix[])[] = [];
  const network = createLateNetwork(async () => {
    if (++attempts === 1) throw NOT_NOW;
    return { ...createTestNetwork(), leaveOut: async (prefixes) => void leftOut.push(prefixes) };
  });
  return { network, leftOut };
}

describe("a network that is not open yet", () => {
  it("has no family and refuses work, and has both when it was opened after all", async () => {
    const { network } = create();
    await expect(network.open()).rejects.toBe(NOT_NOW);
    expect([network.ipv4, network.ipv6, network.driver.name, network.listen]).toEqual([false, false, null, null]);
    const run = network.startProbing(JOB);
    expect([run.sent, run.done]).toEqual([7, 7]);
    await expect(run.finished).rejects.toBeInstanceOf(UserError);

    await network.open();
    expect([network.ipv4, network.driver.name]).toEqual([true, "sim"]);
  });

  it("leaves out whom it was told of before, from its first packet on", async () => {
    const { network, leftOut } = create();
    await network.leaveOut(OPTED_OUT);
    await expect(network.open()).rejects.toBe(NOT_NOW);
    await network.open();
    expect(leftOut).toEqual([OPTED_OUT]);
  });

  it("takes replies in from when it opens, and ends when it is told to, open or not", async () => {
    const { network } = create();
    const never = new AbortController();
    const ended = network.run(never.signal);
    never.abort();
    await ended;
    expect(Object.values(network.stats()).every((count) => count === 0)).toBe(true);

    const abort = new AbortController();
    let isOver = false;
    const running = network.run(abort.signal).then(() => {
      isOver = true;
    });
    await network.open().catch(() => network.open());
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    abort.abort();
    await running;
  });
});
