import { describe, expect, it } from "@jest/globals";
import { hopsOf } from "../../../agent/selftest/exit-hops.js";
import { parseAddress } from "../../../shared/address/address.js";
import { hopRow, replyRow } from "../lease/rows.js";

const [near, far, host] = ["192.0.2.254", "203.0.113.9", "198.18.0.1"].map(parseAddress) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

describe("exit hops", () => {
  it("are the routers by TTL, null where one is silent, without the target and in whatever order they answer", () => {
    const rows = [
      { ...hopRow(0), ttl: 3, responder: far },
      { ...hopRow(0), ttl: 4, responder: host, kind: "synack" as const },
      { ...hopRow(0), ttl: 1, responder: near },
      replyRow(0),
    ];
    expect(hopsOf(rows)).toEqual([near, null, far]);
    expect(hopsOf([])).toEqual([]);
  });
});
