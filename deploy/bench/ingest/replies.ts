import type { SynReplyRow } from "../../../shared/batch/rows.js";
import { VARIANTS, type Variant } from "../../../shared/probe/variant.js";
import type { SynVerdict } from "../../../shared/verdict/names.js";

/** What a host's answers come to, and how many of a thousand hosts are so. */
const KINDS = [
  { perMille: 860, verdicts: { v0: "plain", v1: "plain", plain: "plain", "unknown-option": "plain" } },
  { perMille: 100, verdicts: { v0: "rst", v1: "rst", plain: "rst", "unknown-option": "rst" } },
  { perMille: 15, verdicts: { v0: "plain", v1: "claims-v1", plain: "plain", "unknown-option": "plain" } },
  { perMille: 3, verdicts: { v0: "claims-v0", v1: "plain", plain: "plain", "unknown-option": "plain" } },
  { perMille: 7, verdicts: { v0: "echo", v1: "echo", plain: "plain", "unknown-option": "plain" } },
  {
    perMille: 10,
    verdicts: { v0: "unreachable", v1: "unreachable", plain: "unreachable", "unknown-option": "unreachable" },
  },
  { perMille: 5, verdicts: { v0: null, v1: null, plain: "plain", "unknown-option": "plain" } },
] as const satisfies readonly { perMille: number; verdicts: Record<Variant, SynVerdict | null> }[];

const SYN_ACK = 0x12;
const RST_ACK = 0x14;
const OPTION_BYTES = { synAck: 20, echo: 24, claim: 32 };
/** IPv4 header and TCP header with the options of a SYN. */
const QUOTE_BYTES = 64;
const EPOCH_US = 1_750_000_000_000_000;
const REPLIES_PER_SECOND = 400_000;

/** Numbers of 32 bits from a seed (xorshift). */
function createRandom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/**
 * Replies as a SYN scan gets them: hosts all over IPv4, each asked with all variants, most of them without MPTCP. What
 * differs from reply to reply in a real scan does so here: addresses, times, keys, timestamps in the options.
 */
export function* replies(count: number, seed: number): Generator<SynReplyRow> {
  const random = createRandom(seed);
  let made = 0;
  for (let index = 0; made < count; index++) {
    const target = new Uint8Array(16);
    const view = new DataView(target.buffer);
    view.setUint16(10, 0xffff);
    view.setUint32(12, random());
    const verdicts = kindOf(random() % 1000);
    const ttl = 40 + (random() % 24);
    const rttUs = 5_000 + (random() % 200_000);
    for (const variant of VARIANTS) {
      const verdict = verdicts[variant];
      if (verdict === null || made === count) continue;
      made++;
      const icmp = verdict === "unreachable";
      yield {
        table: "syn_replies",
        source: "synscan/v4/80",
        index,
        target,
        port: 80,
        variant,
        verdict,
        receivedAtUs: EPOCH_US + Math.floor((made * 1e6) / REPLIES_PER_SECOND),
        rttUs: icmp || verdict === "rst" ? null : rttUs + (random() % 1_000),
        responder: icmp ? router(random) : target,
        ttl,
        tcpFlags: icmp ? 0 : verdict === "rst" ? RST_ACK : SYN_ACK,
        window: verdict === "rst" || icmp ? 0 : random() % 4 === 0 ? 65_160 : 28_960,
        receiverKey: verdict === "claims-v0" || verdict === "claims-v1" ? keyOf(random) : null,
        options: optionsOf(verdict, random),
        icmpType: icmp ? 3 : 0,
        icmpCode: icmp ? 13 : 0,
        quote: icmp ? randomBytes(QUOTE_BYTES, random) : new Uint8Array(),
      };
    }
  }
}

function kindOf(place: number): Readonly<Record<Variant, SynVerdict | null>> {
  let rest = place;
  for (const { perMille, verdicts } of KINDS) {
    if (rest < perMille) return verdicts;
    rest -= perMille;
  }
  throw new RangeError(`${place} of a thousand`);
}

/** MSS, SACK permitted, timestamps, window scale; with MPTCP behind. Only the timestamps and keys differ. */
function optionsOf(verdict: SynVerdict, random: () => number): Uint8Array {
  if (verdict === "rst" || verdict === "unreachable") return new Uint8Array();
  const claims = verdict === "claims-v0" || verdict === "claims-v1";
  const bytes = new Uint8Array(
    claims ? OPTION_BYTES.claim : verdict === "echo" ? OPTION_BYTES.echo : OPTION_BYTES.synAck,
  );
  bytes.set([2, 4, 5, 0xb4, 4, 2, 8, 10]);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, random());
  view.setUint32(12, random());
  bytes.set([1, 3, 3, 7], 16);
  if (claims) {
    bytes.set([30, 12, verdict === "claims-v1" ? 1 : 0, 1], 20);
    view.setUint32(24, random());
    view.setUint32(28, random());
  } else if (verdict === "echo") bytes.set([30, 4, 1, 1], 20);
  return bytes;
}

function router(random: () => number): Uint8Array {
  const address = new Uint8Array(16);
  const view = new DataView(address.buffer);
  view.setUint16(10, 0xffff);
  view.setUint32(12, random());
  return address;
}

function keyOf(random: () => number): bigint {
  return (BigInt(random()) << 32n) | BigInt(random());
}

function randomBytes(length: number, random: () => number): Uint8Array {
  return Uint8Array.from({ length }, () => random() & 0xff);
}
