import { describe, expect, it } from "@jest/globals";
import { createSimHash } from "../../../agent/sim/hash.js";
import { createSeededWorld } from "../../../agent/sim/seeded.js";
import { type Shares, sharesSchema } from "../../../agent/sim/seeded-spec.js";
import { formatAddress, ipv4FromNumber } from "../../../shared/address/address.js";

const world = (shares: Partial<Shares> = {}, seed = 1) =>
  createSeededWorld(sharesSchema.parse(shares), createSimHash(seed));

/** Addresses all over IPv4, by the golden ratio. */
function spread(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => ipv4FromNumber(Math.imul(i + 1, 0x9e37_79b1) >>> 0));
}

/** Share of addresses whose port 80 looks so from a vantage point. */
function shareOf(view: string, shares: Partial<Shares>, count = 5_000): number {
  const one = world(shares);
  return spread(count).filter((address) => one.truth("fra", address, 80).view === view).length / count;
}

const NO_BOXES = { headerBoxes: 0, optionBoxes: 0, echoes: 0 };

describe("a seeded world", () => {
  it("has as many hosts of each kind as its shares say", () => {
    const shares = { ...NO_BOXES, dark: 0.5, hosts: 0.4, open: 0.5, closed: 0.25, unreachable: 0.1, mptcp: 0.2 };
    // 253 of 256 addresses of a network can be hosts' or the edge's; four in a thousand are edges, which refuse.
    expect(shareOf("plain", shares)).toBeCloseTo(0.5 * 0.4 * 0.5 * 0.8, 1);
    expect(shareOf("claims-v1", shares)).toBeCloseTo(0.5 * 0.4 * 0.5 * 0.2, 1);
    expect(shareOf("rst", shares)).toBeCloseTo(0.5 * 0.4 * 0.25, 1);
    expect(shareOf("unreachable", shares)).toBeCloseTo(0.5 * 0.4 * 0.1, 1);
  });

  it("is empty or full at the ends of the shares", () => {
    expect(shareOf("no-reply", { dark: 1 }, 500)).toBe(1);
    const full = { ...NO_BOXES, dark: 0, hosts: 1, open: 1, closed: 0, unreachable: 0, mptcp: 0, mptcpV0: 0 };
    expect(shareOf("plain", full, 2_000)).toBeGreaterThan(0.97);
  });

  it("answers about as often, and has as many mirrors for each genuine host, as the Internet", () => {
    // ZMap found 1.3 % of addresses open on port 80; mirrors outnumber genuine hosts about seven times.
    expect(shareOf("plain", {}, 40_000)).toBeGreaterThan(0.008);
    expect(shareOf("plain", {}, 40_000)).toBeLessThan(0.02);
    const { echoes, mptcp, mptcpV0 } = sharesSchema.parse({});
    expect(echoes / (mptcp + mptcpV0)).toBeCloseTo(7, 0);
  });

  it("is one world for all vantage points: they share the routers on the target's side, and those only", () => {
    const one = world();
    const routers = (vantage: string, address: Uint8Array) =>
      one
        .attach(vantage)
        .pathTo(address)
        .elements.flatMap((element) =>
          element.kind === "router" && element.address !== null ? [formatAddress(element.address)] : [],
        );
    for (const address of spread(50)) {
      const [fra, sin] = [routers("fra", address), routers("sin", address)];
      expect(routers("fra", address)).toEqual(fra);
      expect(fra[0]).not.toBe(sin[0]);
      const common = fra.filter((router) => sin.includes(router));
      expect(common).toEqual(fra.slice(fra.length - common.length));
      expect(common).toEqual(sin.slice(sin.length - common.length));
      expect(new Set(fra).size).toBe(fra.length);
    }
  });

  it("shows a box near the host to all vantage points alike, and one in transit to some of them", () => {
    // In this world none of the four has a box of its own, which all its paths would show.
    const one = world({ dark: 0, hosts: 1, open: 1, mptcp: 1, headerBoxes: 0, optionBoxes: 0.1, echoes: 0 }, 3);
    let transit = 0;
    let far = 0;
    for (const address of spread(400)) {
      const changes = ["fra", "nyc", "sin", "syd"].map((vantage) =>
        one.truth(vantage, address, 80).changes.filter(({ condition }) => condition.startsWith("tcp.option.mptcp")),
      );
      const affected = changes.filter((own) => own.length > 0).length;
      const dirty = new Set(changes.flat().map(({ before }) => before));
      if (affected === 4 && dirty.size === 1) far++;
      if (affected > 0 && affected < 4) transit++;
    }
    expect(far).toBeGreaterThan(15);
    expect(transit).toBeGreaterThan(15);
  });

  it("is another world for another seed", () => {
    const [a, b] = [world({}, 1), world({}, 2)];
    const views = (one: typeof a) => spread(1_000).map((address) => one.truth("fra", address, 80).view);
    expect(views(a)).toEqual(views(world({}, 1)));
    expect(views(a)).not.toEqual(views(b));
  });
});
