import type { Handshake, View } from "./evidence.js";

/**
 * The host alone can have done this: its key went into a DATA_ACK, an MP_TCPRST or, before a box took them out, some DSS.
 */
export function isProof({ verdict, after }: Handshake): boolean {
  return verdict === "dss-proved" || verdict === "join-reset" || (verdict === "fell-back" && after === "dss-stripped");
}

/**
 * MPTCP versions that are claimed in the host's name by somebody else: every handshake in them, from whatever vantage
 * point, fell back to TCP. One that came to nothing says nothing.
 */
export function disownedVersions(views: readonly View[]): ReadonlySet<"v0" | "v1"> {
  const versions = (["v0", "v1"] as const).filter((version) => {
    const tried = views.flatMap(({ handshakes }) => handshakes.filter(({ variant }) => variant === version));
    const telling = tried.filter(({ verdict }) => verdict !== "unconfirmed");
    return telling.length > 0 && telling.every((one) => one.verdict === "fell-back" && !isProof(one));
  });
  return new Set(versions);
}

/** The version that a view claims. */
export function claimedVersion({ verdict }: View): "v0" | "v1" | null {
  return verdict === "claims-v0" ? "v0" : verdict === "claims-v1" ? "v1" : null;
}
