import { describe, expect, it } from "@jest/globals";
import { campaignKeys, sourcePermutationKey } from "../../../coordinator/campaign/keys.js";
import {
  laterSources,
  listedTargets,
  passesOf,
  portGroups,
  scanSources,
} from "../../../coordinator/campaign/sources.js";
import { parseCampaign } from "../../../coordinator/campaign/spec.js";
import { listOfAddresses } from "../../../coordinator/hitlist/address-list.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";

const TEXT = `
series: s
targets: { ipv4: [8.8.8.0/24] }
ports: [80, 443, 8080]
placement: { mode: MODE, ports: { 80: "web=80", 443: "web=443", 8080: "web=80" } }
`;
const campaign = (mode: string, addresses6 = 7) => ({
  spec: parseCampaign(TEXT.replace("MODE", mode)),
  ranges: [[0x08080800, 0x080808ff]] as const,
  addresses6,
  vantages: ["fra", "sin"],
});

describe("the target sources of a campaign", () => {
  it("put ports with the same selector into one group", () => {
    expect(portGroups(campaign("partition").spec)).toEqual([
      { selector: "web=80", ports: [80, 8080] },
      { selector: "web=443", ports: [443] },
    ]);
  });

  it("are one per group and family in partition mode, with N = addresses x ports", () => {
    const sources = scanSources(campaign("partition"));

    expect(sources.map(({ id, size, list, vantage }) => [id, size, list, vantage])).toEqual([
      ["synscan/v4/80+8080", 512, null, null],
      ["synscan/v6/80+8080", 14, "synscan/v6/80+8080", null],
      ["synscan/v4/443", 256, null, null],
      ["synscan/v6/443", 7, "synscan/v6/443", null],
    ]);
  });

  it("are one for each port and vantage point where pages are timed: in one list a host is there once", () => {
    expect(
      laterSources(campaign("partition", 0), "timing").map(({ id, ports, selector }) => [id, ports, selector]),
    ).toEqual([
      ["timing/v4/80/fra", [80], "web=80"],
      ["timing/v4/80/sin", [80], "web=80"],
      ["timing/v4/8080/fra", [8080], "web=80"],
      ["timing/v4/8080/sin", [8080], "web=80"],
      ["timing/v4/443/fra", [443], "web=443"],
      ["timing/v4/443/sin", [443], "web=443"],
    ]);
  });

  it("are one per vantage point in replicate mode, on one shared list", () => {
    const sources = scanSources(campaign("replicate", 0));
    expect(sources.map((source) => source.id)).toEqual([
      "synscan/v4/80+8080/fra",
      "synscan/v4/80+8080/sin",
      "synscan/v4/443/fra",
      "synscan/v4/443/sin",
    ]);
    expect(scanSources(campaign("replicate")).find((source) => source.id === "synscan/v6/443/sin")).toMatchObject({
      list: "synscan/v6/443",
      vantage: "sin",
      order: "synscan/v6/443",
      size: 7,
    });
    expect(sources.map(({ order }) => order)).toEqual([
      "synscan/v4/80+8080",
      "synscan/v4/80+8080",
      "synscan/v4/443",
      "synscan/v4/443",
    ]);
  });

  it("of later passes are one per group, family and vantage point", () => {
    expect(laterSources(campaign("partition", 0), "tracebox").map((source) => source.id)).toEqual([
      "tracebox/v4/80+8080/fra",
      "tracebox/v4/80+8080/sin",
      "tracebox/v4/443/fra",
      "tracebox/v4/443/sin",
    ]);
  });

  it("follow the passes that the file asks for", () => {
    const spec = (more: string) => parseCampaign(`series: s\ntargets: { ipv4: [8.8.8.8/32] }\nports: [80]\n${more}`);

    expect(passesOf(spec(""))).toEqual(["synscan"]);
    expect(passesOf(spec("placement: { recheck: {} }\nstages: { tracebox: {}, verify: {} }"))).toEqual([
      "synscan",
      "recheck",
      "verify",
      "tracebox",
    ]);
  });

  it("list every address with every port once, in an order that the key changes", async () => {
    const addresses = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4"];
    const order = async (key: number) => {
      const targets: string[] = [];
      const list = listOfAddresses(addresses.map(parseAddress));
      const permutationKey = new Uint8Array(16).fill(key);
      for await (const chunk of listedTargets(list, [80, 443], permutationKey, "synscan/v6/80+443")) {
        chunk.indices.forEach((index, i) => {
          const address = formatAddress(chunk.addresses.subarray(16 * i, 16 * i + 16));
          targets[index] = `${address} ${chunk.ports[i]}`;
        });
      }
      return targets;
    };

    expect([...(await order(1))].sort()).toEqual(
      addresses.flatMap((address) => [443, 80].map((port) => `${address} ${port}`)),
    );
    expect(await order(1)).toEqual(await order(1));
    expect(await order(1)).not.toEqual(await order(2));
  });
});

describe("the keys of a campaign", () => {
  const never = () => {
    throw new Error("asked for randomness");
  };

  it("come from the seed alone where there is one", () => {
    expect(campaignKeys(42, never)).toEqual(campaignKeys(42, never));
    expect(campaignKeys(42, never).secret).not.toEqual(campaignKeys(43, never).secret);
    expect(campaignKeys(42, never).secret).toHaveLength(16);
    expect(campaignKeys(42, never).secret).not.toEqual(campaignKeys(42, never).permutationKey);
  });

  it("come from the random source where there is none", () => {
    const keys = (fill: number) => campaignKeys(undefined, (bytes) => new Uint8Array(bytes).fill(fill));

    expect(keys(1).secret).not.toEqual(keys(2).secret);
  });

  it("give each source an order of its own", () => {
    const key = new Uint8Array(16);
    expect(sourcePermutationKey(key, "synscan/v4/80/fra")).not.toEqual(sourcePermutationKey(key, "synscan/v4/80/sin"));
  });
});
