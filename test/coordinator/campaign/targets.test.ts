import { describe, expect, it } from "@jest/globals";
import { parseHitlist } from "../../../coordinator/campaign/hitlist.js";
import { parseCampaign } from "../../../coordinator/campaign/spec.js";
import { type OpeningAgent, resolveTargets } from "../../../coordinator/campaign/targets.js";
import { formatAddress, ipv4ToNumber, parseAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";

const spec = (targets: string) => parseCampaign(`series: s\nports: [80]\ntargets: ${targets}\n`);
const LAB: OpeningAgent[] = [
  { agent: "fra-1", opened: ["198.18.0.0/15", "2001:db8::/32"] },
  { agent: "sin-1", opened: ["198.18.0.0/16", "2001:db8::/32"] },
];
const number = (text: string) => ipv4ToNumber(parseAddress(text));

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

  it("may be special-purpose when every agent opens all of it", () => {
    const { ranges, addresses6 } = resolveTargets(
      spec(
        "{ ipv4: [198.18.7.0/24], ipv6: ['2001:db8::1', '2001:DB8:0::1', '2001:db8::2'], exclude: ['2001:db8::2/128'] }",
      ),
      null,
      LAB,
    );

    expect(ranges).toEqual([{ first: number("198.18.7.0"), last: number("198.18.7.255") }]);
    expect(addresses6.map(formatAddress)).toEqual(["2001:db8::1"]);
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

  it("from a hitlist lose the special-purpose addresses, and say so", () => {
    const hitlist = parseHitlist(
      "# the list\n2606:4700::1111\n\n2001:db8::1 # lab\nfe80::1\n2606:4700::1111\n",
      "hits.txt",
    );
    const resolved = resolveTargets(spec("{ ipv6: { hitlist: hits.txt } }"), hitlist, LAB);

    expect(resolved.addresses6.map(formatAddress)).toEqual(["2606:4700::1111", "2001:db8::1"]);
    expect(resolved.notes).toEqual(["1 of 3 hitlist addresses left out: special-purpose, not opened by every agent"]);
  });

  it("are refused when a hitlist has a line that is no IPv6 address, or was not sent along", () => {
    expect(failure(() => parseHitlist("2606::1\n1.2.3.4\n", "hits.txt")).message).toBe(
      'hits.txt, line 2: "1.2.3.4" is not an IPv6 address',
    );
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
