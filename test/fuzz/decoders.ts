import type { FuzzedDecoder } from "./decoder.js";
import { CAPTURE_DECODERS } from "./decoders/captures.js";
import { HANDSHAKE_DECODERS } from "./decoders/handshakes.js";
import { NEIGHBOR_DECODERS } from "./decoders/neighbors.js";
import { OPTION_DECODERS } from "./decoders/options.js";
import { PACKET_DECODERS } from "./decoders/packets.js";
import { QUOTE_DECODERS } from "./decoders/quotes.js";
import { REPLY_DECODERS } from "./decoders/replies.js";
import { STORED_DECODERS } from "./decoders/stored.js";
import { WEB_DECODERS } from "./decoders/web.js";

/** All that reads what another host sent or a disk kept. */
export const DECODERS: readonly FuzzedDecoder[] = [
  ...PACKET_DECODERS,
  ...OPTION_DECODERS,
  ...QUOTE_DECODERS,
  ...REPLY_DECODERS,
  ...CAPTURE_DECODERS,
  ...STORED_DECODERS,
  ...NEIGHBOR_DECODERS,
  ...HANDSHAKE_DECODERS,
  ...WEB_DECODERS,
];
