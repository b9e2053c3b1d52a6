import { describe, expect, it } from "@jest/globals";
import { parseCampaign } from "../../../coordinator/campaign/spec.js";
import { resolveTargets } from "../../../coordinator/campaign/targets.js";
import { type AddressList, listOfAddresses } from "../../../coordinator/hitlist/address-list.js";
import type { OpeningAgent } from "../../../coordinator/hitlist/judge.js";
import { formatAddress, ipv4ToNumber, parseAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";

const spec = (targets: string) => parseCampaign(`series: s\nports: [80]\ntargets: ${targets}\n`);
const LAB: OpeningAgent[] = [
  { agent: "fra-1", opened: ["198.18.0.0/15", "2001:db8::/32"] },
  { agent: "sin-1", opened: ["198.18.0.0/16", "2001:db8::/32"] },
];
const withCanaries = (targets: string, canaries: string) =>
  parseCampaign(`series: s\nports: [80]\ntargets: ${targets}\ncanaries: ${canaries}\n`);
const number = (text: string) => ipv4ToNumber(parseAddress(text));

async function textOf(list: AddressList): Promise<string[]> {
  const all: string[] = [];
  for await (const piece of list.pieces(2)) {
    for (let at = 0; at < piece.length; at += 16) all.push(formatAddress(piece.subarray(at, at + 16)));
  }
  return all;
}

function failure(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) {
      return error;
    }
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("the targets of a campaign", () => {
  it("are the prefixes without what is excluded, merged", () => {
    const { ranges } = resolveTargets(
      spec("{ ipv4: [8.8.8.0/25, 8.8.8.128/25, 1.1.1.0/24], exclude: [8.8.8.16/28, '2001:db8::/32'] }"),
      null,
      [],
    );

    expect(ranges).toEqual([
      { first: number("1.1.1.0"), last: number("1.1.1.255") },
      { first: number("8.8.8.0"), last: number("8.8.8.15") },
      { first: number("8.8.8.32"), last: number("8.8.8.255") },
    ]);
  });

  it("leave special-purpose ranges out of a wider prefix, also those that agents open", () => {
    const { ranges } = resolveTargets(spec("{ ipv4: [198.16.0.0/14] }"), null, LAB.slice(0, 1));

    expect(ranges).toEqual([{ first: number("198.16.0.0"), last: number("198.17.255.255") }]);
  });

  it("may be special-purpose when every agent opens all of it", async () => {
    const { ranges, addresses6 } = resolveTargets(
      spec(
        "{ ipv4: [198.18.7.0/24], ipv6: ['2001:db8::1', '2001:DB8:0::1', '2001:db8::2'], exclude: ['2001:db8::2/128'] }",
      ),
      null,
      LAB,
    );

    expect(ranges).toEqual([{ first: number("198.18.7.0"), last: number("198.18.7.255") }]);
    expect(await textOf(addresses6)).toEqual(["2001:db8::1"]);
  });

  it("name the key, the registry's name, the RFC and the agent when a range is blocked", () => {
    const closed = failure(() => resolveTargets(spec("{ ipv4: [1.1.1.0/24, 10.1.0.0/16] }"), null, LAB));
    expect(closed.message).toBe(
      "targets.ipv4[1]: 10.1.0.0/16 is special-purpose space (Private-Use, RFC 1918) and agent fra-1 does not open it",
    );
    expect(closed.remedy).toContain("open 10.1.0.0/16 in the configuration file");
    expect(closed.exitCode).toBe(2);

    const partly = failure(() => resolveTargets(spec("{ ipv4: [198.18.0.0/15] }"), null, LAB));
    expect(partly.message).toContain("(Benchmarking, RFC 2544) and agent sin-1 does not open it");

    const nobody = failure(() => resolveTargets(spec("{ ipv6: ['fe80::1'] }"), null, []));
    expect(nobody.message).toBe(
      "targets.ipv6[0]: fe80::1 is special-purpose space (Link-Local Unicast, RFC 4291) and no agent that opens it is connected",
    );
  });

  it("from a hitlist are what was kept of it, and what was not is said", async () => {
    const counts = { listed: 10, distinct: 9, kept: 2, special: 4, aliased: 1, excluded: 2 };
    const list = listOfAddresses(["2606:4700::1111", "2001:db8::1"].map(parseAddress));
    const resolved = resolveTargets(spec("{ ipv6: { hitlist: hits.txt } }"), { list, counts, release() {} }, LAB);

    expect(await textOf(resolved.addresses6)).toEqual(["2606:4700::1111", "2001:db8::1"]);
    expect(resolved.notes).toEqual([
      "1 of 10 hitlist lines repeat others",
      "4 of 9 hitlist addresses left out: special-purpose, not opened by every agent",
      "1 of 9 hitlist addresses left out: in an aliased prefix",
      "2 of 9 hitlist addresses left out: excluded or opted out",
    ]);
  });

  it("are not the canaries, which are asked apart", async () => {
    const { ranges, addresses6 } = resolveTargets(
      withCanaries(
        "{ ipv4: [8.8.8.0/30], ipv6: ['2606:4700::1111', '2606:4700::1112'] }",
        "[{ target: 8.8.8.1, port: 80 }, { target: '2606:4700::1111', port: 80 }]",
      ),
      null,
      [],
    );

    expect(ranges).toEqual([
      { first: number("8.8.8.0"), last: number("8.8.8.0") },
      { first: number("8.8.8.2"), last: number("8.8.8.3") },
    ]);
    expect(await textOf(addresses6)).toEqual(["2606:4700::1112"]);
  });

  it("name the key and the registry when a canary is blocked", () => {
    const canary = "[{ target: 8.8.8.8, port: 80 }, { target: 198.19.0.1, port: 80 }]";
    expect(failure(() => resolveTargets(withCanaries("{ ipv4: [1.1.1.0/24] }", canary), null, LAB)).message).toBe(
      "canaries[1].target: 198.19.0.1 is special-purpose space (Benchmarking, RFC 2544) and agent sin-1 does not open it",
    );
  });

  it("are refused when the hitlist was not sent along", () => {
    expect(failure(() => resolveTargets(spec("{ ipv6: { hitlist: hits.txt } }"), null, [])).message).toContain(
      "hits.txt",
    );
  });

  it("are refused when nothing is left", () => {
    expect(
      failure(() => resolveTargets(spec("{ ipv4: [8.8.8.8/32], exclude: [8.0.0.0/8] }"), null, [])).message,
    ).toContain("nothing is left");
  });
});
