import { parseAddress } from "../../../shared/address/address.js";
import { DecodeError } from "../../../shared/errors.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { createSegment, readSegment } from "../../../shared/packet/segment.js";
import { createProbeFields } from "../../../shared/probe/fields.js";
import { createReplyMatcher } from "../../../shared/probe/match.js";
import { STAGES, VARIANTS } from "../../../shared/probe/variant.js";
import { createSynMatcher } from "../../../shared/selftest/exchange.js";
import { classifySegment, classifySynReply } from "../../../shared/verdict/syn-reply.js";
import { type FuzzedDecoder, PACKET_BYTES } from "../decoder.js";
import { PROBES, REPLIES, SECRET } from "../seeds.js";

const matcher = createReplyMatcher(createProbeFields(SECRET));
const segment = createSegment();
const agreedSyn = createSynMatcher(
  { secret: SECRET, ports: [80], sources: [parseAddress("192.0.2.10"), parseAddress("2001:db8::10")] },
  [parseAddress("198.18.0.1"), parseAddress("2001:2::1")],
);
const replies = { seeds: REPLIES, maxBytes: PACKET_BYTES };

export const REPLY_DECODERS: readonly FuzzedDecoder[] = [
  {
    name: "agreed-syn",
    seeds: PROBES,
    maxBytes: PACKET_BYTES,
    refusal: null,
    decode: agreedSyn,
  },
  {
    ...replies,
    name: "match",
    refusal: DecodeError,
    decode(bytes) {
      const packet = decodePacket(bytes);
      for (const stage of STAGES) matcher.match(packet, stage);
    },
  },
  {
    ...replies,
    name: "match-segment",
    refusal: null,
    decode(bytes) {
      if (!readSegment(bytes, segment)) return;
      for (const stage of STAGES) matcher.matchSegment(segment, stage);
      matcher.sentTimeOf(segment);
    },
  },
  {
    ...replies,
    name: "syn-reply",
    refusal: DecodeError,
    decode(bytes) {
      const packet = decodePacket(bytes);
      const isSegment = readSegment(bytes, segment);
      for (const variant of VARIANTS) {
        const question = { variant, sentKey: () => 0xf929_1344_8261_bac4n, sentFlags: 1 };
        const { verdict } = classifySynReply(question, packet);
        if (isSegment && classifySegment(question, segment).verdict !== verdict) {
          throw new Error(`two verdicts for one segment: ${verdict} is one`);
        }
      }
    },
  },
];
