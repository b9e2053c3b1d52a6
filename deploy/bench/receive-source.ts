import { once } from "node:events";
import { createRateCap } from "../../agent/rate/rate-cap.js";
import { createSystemClock } from "../../agent/wire/clock.js";
import { openSendPort } from "../../agent/wire/open-port.js";
import { timestampsOf } from "../../shared/option/tcp-options.js";
import { decodePacket } from "../../shared/packet/decode.js";
import { encodeTcpPacket } from "../../shared/packet/encode.js";
import { TCP_ACK, TCP_SYN } from "../../shared/packet/tcp.js";
import { createProbeBuilder, PROBE_MAX_BYTES } from "../../shared/probe/build.js";
import type { Variant } from "../../shared/probe/variant.js";
import { createTarget } from "../../shared/target/source.js";
import { SENDER_MAC } from "./network.js";
import { openTargets, PROBED, SCANNER, SECRET } from "./receive-setup.js";

export interface Sent {
  readonly packets: number;
  readonly seconds: number;
}

/** Room for one reply in the list of them. */
const PLACE_WORDS = 24;
/** So many replies come slowly first, as at the start of any scan, until the receiver's code is compiled. */
const WARM_UP_REPLIES = 200_000;
const WARM_UP_SECONDS = 2;
/** MSS, SACK permitted, timestamps (the probe's comes back in the second half), window scale: as Linux answers. */
const OPTIONS = "020405b40402080a000000010000000001030307";
/** Where the second half of the timestamps begins in them. */
const ECHO_AT = 12;
const MP_CAPABLE_V1 = "1e0c01010102030405060708";

/** Makes all replies, then sends them at the rate that the parent says, and tells it how fast that was. */
const [interfaceName = "", count = "0"] = process.argv.slice(2);
const replies = makeReplies(Number(count));
const nextHopMac = Uint8Array.from(Buffer.from(SENDER_MAC.replaceAll(":", ""), "hex"));
const port = openSendPort({
  driver: "xdp",
  sendingThreads: 1,
  interface: interfaceName,
  ipv4: { source: SCANNER, nextHopMac },
  ipv6: null,
  ringBytes: 0,
  zeroCopy: false,
});
process.send?.("ready");
const [packetsPerSecond] = (await once(process, "message")) as [number];
process.send?.(send(packetsPerSecond) satisfies Sent);
process.disconnect();
port.close();

interface Replies {
  readonly words: Int32Array;
  readonly lengths: Uint8Array;
}

function makeReplies(wanted: number): Replies {
  const source = openTargets();
  const builder = createProbeBuilder({
    secret: SECRET,
    stage: "synscan",
    profile: "linux",
    source4: SCANNER,
    source6: null,
  });
  const target = createTarget();
  const probe = new Uint8Array(PROBE_MAX_BYTES);
  const words = new Int32Array(wanted * PLACE_WORDS);
  const places = new Uint8Array(words.buffer);
  const lengths = new Uint8Array(wanted);
  for (let i = 0; i < wanted; i++) {
    const variant = PROBED[i % PROBED.length] as Variant;
    source.targetAt(Math.floor(i / PROBED.length), target);
    const bytes = probe.subarray(0, builder.build(target, variant, 64, Date.now(), probe));
    const reply = replyTo(bytes, variant);
    lengths[i] = reply.length;
    places.set(reply, i * PLACE_WORDS * 4);
  }
  return { words, lengths };
}

/** The SYN/ACK of a Linux host: an MPTCP one to a v1 probe, a plain one to a v0 probe. */
function replyTo(probe: Uint8Array, variant: Variant): Uint8Array {
  const packet = decodePacket(probe);
  if (packet.kind !== "tcp") throw new Error("a probe is a segment");
  const { ip, tcp } = packet;
  const value = timestampsOf(tcp.options)?.value ?? 0;
  const options = Buffer.from(OPTIONS + (variant === "v1" ? MP_CAPABLE_V1 : ""), "hex");
  options.writeUInt32BE(value, ECHO_AT);
  return encodeTcpPacket(
    { source: ip.destination, destination: ip.source },
    {
      sourcePort: tcp.destinationPort,
      destinationPort: tcp.sourcePort,
      sequence: tcp.sequence ^ 0xffff,
      acknowledgement: (tcp.sequence + 1) >>> 0,
      flags: TCP_SYN | TCP_ACK,
      window: 65_160,
      options,
    },
  );
}

function send(rate: number): Sent {
  const { monotonicMs } = createSystemClock();
  const cap = createRateCap({ packetsPerSecond: WARM_UP_REPLIES / WARM_UP_SECONDS, nowMs: monotonicMs });
  const { words, lengths } = replies;
  let startedMs = 0;
  for (let at = 0; at < lengths.length; ) {
    if (startedMs === 0 && at >= WARM_UP_REPLIES) {
      cap.setRate(rate);
      startedMs = monotonicMs();
    }
    const batch = cap.take(Math.min(port.slots, lengths.length - at));
    for (let i = 0; i < batch; i++) {
      const from = (at + i) * PLACE_WORDS;
      const to = port.slotAt(i);
      for (let word = 0; word < PLACE_WORDS; word++) port.words[to + word] = words[from + word] as number;
      port.setLength(i, lengths[at + i] as number);
    }
    for (let sent = 0; sent < batch; ) sent += port.send(batch, sent);
    at += batch;
  }
  return { packets: lengths.length - WARM_UP_REPLIES, seconds: (monotonicMs() - startedMs) / 1000 };
}
