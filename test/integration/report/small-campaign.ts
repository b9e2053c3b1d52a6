import { buildJudgements } from "../../../coordinator/compare/build.js";
import { buildViews } from "../../../coordinator/compare/build-views.js";
import type { ReportCampaign } from "../../../coordinator/report/item.js";
import type { Store } from "../../../coordinator/store/store.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { FactRow, SynReplyRow, TraceHopRow, WebTimingRow } from "../../../shared/batch/rows.js";
import type { Variant } from "../../../shared/probe/variant.js";
import type { SynVerdict } from "../../../shared/verdict/names.js";
import { insertFacts } from "./insert-rows.js";

const NOTHING = new Uint8Array(0);
const AT_US = Date.parse("2026-03-02T03:00:00Z") * 1000;
const COMMON = { source: "synscan/v4/80", index: 0, port: 80, receivedAtUs: AT_US, icmpCode: 0, quote: NOTHING };

/** MSS and MP_CAPABLE of version 1 with the host's key (RFC 8684 section 3.1). */
const CLAIM = Uint8Array.from([2, 4, 5, 180, 30, 12, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8]);
const PLAIN = Uint8Array.from([2, 4, 5, 180]);

function reply(target: string, variant: Variant, verdict: SynVerdict): SynReplyRow {
  const options = verdict === "claims-v1" ? CLAIM : PLAIN;
  const address = parseAddress(target);
  return {
    ...{ ...COMMON, table: "syn_replies", target: address, responder: address, variant, verdict, options },
    ...{
      rttUs: 20_000,
      ttl: 60,
      tcpFlags: verdict === "rst" ? 0x14 : 0x12,
      window: 65_160,
      receiverKey: null,
      icmpType: 0,
    },
  };
}

function hop(
  target: string,
  variant: Variant,
  ttl: number,
  responder: string,
  changes: readonly string[],
): TraceHopRow {
  return {
    ...{
      ...COMMON,
      table: "trace_hops",
      target: parseAddress(target),
      responder: parseAddress(responder),
      variant,
      ttl,
    },
    ...{ kind: "time-exceeded", rttUs: ttl * 1_000, replyTtl: 64 - ttl, verdict: "", changes, unobservable: [] },
    ...{ mptcp: changes.length > 0 ? "stripped-removed" : "unmodified", options: NOTHING, icmpType: 11 },
    ...{ firstDifferenceBit: null, icmpExtensions: [], sentFrom: parseAddress("203.0.113.1") },
  };
}

function answer(target: string, variant: Variant, ttl: number, verdict: SynVerdict): TraceHopRow {
  const answered = hop(target, variant, ttl, target, []);
  return { ...answered, kind: "synack", verdict, mptcp: "unobservable", icmpType: 0 };
}

/** A page of the hidden host: round trips of 20 ms, each `laterUs` longer over MPTCP; null: no connection. */
function page(run: number, transport: WebTimingRow["transport"], laterUs: number | null): WebTimingRow {
  const { source, index, port } = COMMON;
  const times = { connectUs: 20_000, pretransferUs: 20_100, firstByteUs: 40_000, totalUs: 41_000 };
  const later = laterUs ?? 0;
  return {
    ...{ table: "web_timings", source, index, port, target: parseAddress(HIDDEN), scheme: "http", transport, run },
    ...{
      path: "/",
      outcome: laterUs === null ? "timeout" : "complete",
      detail: "",
      status: laterUs === null ? 0 : 200,
    },
    ...{ startedAtUs: AT_US + run, bodyBytes: 10, mptcp: "", subflows: 0, location: "", server: "", robots: "" },
    connectUs: laterUs === null ? null : times.connectUs + later,
    pretransferUs: laterUs === null ? null : times.pretransferUs + later,
    firstByteUs: laterUs === null ? null : times.firstByteUs + 2 * later,
    totalUs: laterUs === null ? null : times.totalUs + 2 * later,
    ...{ tlsVersion: "", certificate: "", certificateSubject: "", certificateIssuer: "" },
    ...{ certificateFrom: "", certificateTo: "", certificateError: "" },
  };
}

/** A run for each of these; robots.txt before them is no page. */
function pages(...laterUs: readonly (number | null)[]): WebTimingRow[] {
  const robots = { ...page(0, "tcp", 500_000), path: "/robots.txt", robots: "allowed" } as const;
  return [robots, ...laterUs.flatMap((later, i) => [page(i + 1, "tcp", 0), page(i + 1, "mptcp", later)])];
}

const STRIPPED = ["tcp.option.mptcp.removed"];
const HIDDEN = "198.18.0.1";
const MIRROR = "198.18.0.3";

/**
 * What each vantage point got: a capable host, hidden from sin by a box at its second hop, which takes its time; a plain host; a mirror; a host
 * to which sin's SYNs with MPTCP vanish, and one from which it alone got no answer to the control; and a capable IPv6 host.
 */
const ROWS: Readonly<Record<string, readonly FactRow[]>> = {
  fra: [
    ...[reply(HIDDEN, "v1", "claims-v1"), reply(HIDDEN, "plain", "plain")],
    ...[reply("198.18.0.2", "v1", "plain"), reply("198.18.0.2", "plain", "plain")],
    ...[reply(MIRROR, "v1", "echo"), reply(MIRROR, "plain", "plain")],
    ...[reply("198.18.0.4", "v1", "plain"), reply("198.18.0.4", "plain", "plain")],
    ...[reply("198.18.0.5", "v1", "plain"), reply("198.18.0.5", "plain", "plain")],
    ...[reply("2001:db8::1", "v1", "claims-v1"), reply("2001:db8::1", "plain", "plain")],
    ...[
      hop(HIDDEN, "v1", 1, "192.0.2.1", []),
      hop(HIDDEN, "v1", 2, "192.0.2.2", []),
      answer(HIDDEN, "v1", 6, "claims-v1"),
    ],
    ...[hop(HIDDEN, "plain", 1, "192.0.2.1", []), answer(HIDDEN, "plain", 6, "plain")],
    ...[hop(MIRROR, "v1", 1, "192.0.2.1", []), answer(MIRROR, "v1", 4, "echo")],
    ...pages(-1_000, 2_000, 1_000),
  ],
  sin: [
    ...[reply(HIDDEN, "v1", "plain"), reply(HIDDEN, "plain", "plain")],
    ...[reply("198.18.0.2", "v1", "plain"), reply("198.18.0.2", "plain", "plain")],
    ...[reply(MIRROR, "v1", "echo"), reply(MIRROR, "plain", "plain")],
    ...[reply("198.18.0.4", "plain", "plain"), reply("198.18.0.5", "v1", "plain")],
    ...[reply("2001:db8::1", "v1", "claims-v1"), reply("2001:db8::1", "plain", "plain")],
    ...[hop(HIDDEN, "v1", 1, "198.51.100.1", []), hop(HIDDEN, "v1", 2, "198.51.100.2", STRIPPED)],
    ...[
      answer(HIDDEN, "v1", 8, "plain"),
      hop(HIDDEN, "plain", 1, "198.51.100.1", []),
      answer(HIDDEN, "plain", 7, "plain"),
    ],
    ...pages(32_000, 30_000, 31_000, null),
  ],
};

export const SMALL: ReportCampaign = {
  id: "small",
  series: "weekly",
  date: "2026-03-02",
  vantages: ["fra", "sin"],
  variants: ["v1", "plain"],
  sources: [{ id: "synscan/v4/80", pass: "synscan", size: 5, skipped: 1 }],
};

/** Writes the campaign's facts and makes its comparison. */
export async function makeSmallCampaign(store: Store, id = SMALL.id): Promise<void> {
  for (const [vantage, rows] of Object.entries(ROWS)) {
    await insertFacts(store, { campaign: id, vantage, agent: `${vantage}-80` }, rows);
  }
  const span = { campaign: id, source: "synscan/v4/80", vantage: "fra", agent: "fra-80", reason: "", epoch: 1 };
  const saved = { ...span, saved_at: "2026-03-02 03:01:00.000" };
  await store.insertRows("coverage", [
    { ...saved, kind: "asked", from: 0, to: 3 },
    { ...saved, kind: "asked", from: 2, to: 4, epoch: 2 },
    { ...saved, kind: "uncertain", from: 2, to: 3, reason: "the agent vanished" },
  ]);
  await buildViews(store, { campaign: id, everywhere: SMALL.vantages, variants: SMALL.variants });
  await buildJudgements(store, id);
}
