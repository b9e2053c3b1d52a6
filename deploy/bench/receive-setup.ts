import { parseAddress } from "../../shared/address/address.js";
import { openTargetSource, type TargetSourceSpec } from "../../shared/target/spec.js";

/** What both ends of the receive bench agree on: a scan whose probes are thought to have been sent. */
export const SECRET = new Uint8Array(16).fill(0x5a);
export const PROBED = ["v0", "v1"] as const;
export const SCANNER = parseAddress("192.0.2.1");

const SPEC: TargetSourceSpec = {
  kind: "space",
  ranges: [{ first: 0xc612_0000, last: 0xc613_ffff }],
  ports: Array.from({ length: 64 }, (_, i) => 8_000 + i),
  permutationKey: SECRET,
};
export const openTargets = () => openTargetSource(SPEC);
