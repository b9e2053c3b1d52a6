import { decodeMptcp } from "../../../shared/option/mptcp.js";
import { encodeMptcp } from "../../../shared/option/mptcp-encode.js";
import { optionName } from "../../../shared/option/names.js";
import { decodeTcpOptions, timestampEcho, timestampsOf } from "../../../shared/option/tcp-options.js";
import type { FuzzedDecoder } from "../decoder.js";
import { MPTCP_OPTIONS, TCP_OPTIONS } from "../seeds.js";

/** More than a header can hold, in case somebody asks. */
const OPTION_BYTES = 80;

export const OPTION_DECODERS: readonly FuzzedDecoder[] = [
  { name: "tcp-options", seeds: TCP_OPTIONS, maxBytes: OPTION_BYTES, refusal: null, decode: splitWhole },
  {
    name: "mptcp",
    seeds: MPTCP_OPTIONS,
    maxBytes: OPTION_BYTES,
    refusal: null,
    decode: readAgain,
    // The length byte says how long the option is: any other is refused before its subtype is looked at.
    repair: (bytes) => bytes.set([30, bytes.length].slice(0, bytes.length)),
  },
];

/** Every byte up to the end of the list is in an option or in the malformed rest, and both ways to read a time agree. */
function splitWhole(bytes: Uint8Array): void {
  const { options, malformed } = decodeTcpOptions(bytes);
  let at = 0;
  for (const option of options) {
    if (option.offset !== at) throw new Error(`an option at ${option.offset}, expected at ${at}`);
    at += option.bytes.length;
    optionName(option.kind);
  }
  const isEnded = options.at(-1)?.kind === 0;
  if (!isEnded && at + malformed.length !== bytes.length) throw new Error("bytes that are in no option");
  const stamps = timestampsOf(bytes);
  if ((stamps?.echo ?? 0) !== timestampEcho(bytes, 0, bytes.length)) throw new Error("two times in one option");
}

/** What is well formed can be written, and is then read as the same option. */
function readAgain(bytes: Uint8Array): void {
  const option = decodeMptcp(bytes);
  if (option.kind === "malformed") return;
  const again = decodeMptcp(encodeMptcp(option));
  if (again.kind !== option.kind) throw new Error(`${option.kind} is written as ${again.kind}`);
}
