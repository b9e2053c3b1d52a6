import { formatAddress } from "../../shared/address/address.js";
import { decodeMptcp, type MptcpOption } from "../../shared/option/mptcp.js";
import { optionName } from "../../shared/option/names.js";
import {
  decodeTcpOptions,
  OPTION_EXPERIMENT,
  OPTION_MPTCP,
  OPTION_MSS,
  OPTION_SACK,
  OPTION_TIMESTAMPS,
  OPTION_WINDOW_SCALE,
  type TcpOption,
  timestampsOf,
} from "../../shared/option/tcp-options.js";
import { u8, u16, u32 } from "../../shared/packet/ip.js";

/** A value of a JSON document. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/**
 * TCP options for JSON: the whole ones by name with their fields, and the bytes behind them that are no whole option
 * as hexadecimal digits (empty when all is well).
 */
export function optionsToJson(bytes: Uint8Array): { options: Json; malformedOptions: string } {
  const { options, malformed } = decodeTcpOptions(bytes);
  return { options: options.map(optionToJson), malformedOptions: hex(malformed) };
}

/** An option whose length does not fit its kind is shown by its bytes alone. */
function optionToJson(option: TcpOption): JsonObject {
  return { name: optionName(option.kind), ...fieldsOf(option) };
}

function fieldsOf({ kind, bytes }: TcpOption): JsonObject {
  if (kind === OPTION_MPTCP) return mptcpToJson(decodeMptcp(bytes));
  if (kind === OPTION_MSS && bytes.length === 4) return { bytes: u16(bytes, 2) };
  if (kind === OPTION_WINDOW_SCALE && bytes.length === 3) return { shift: u8(bytes, 2) };
  if (kind === OPTION_TIMESTAMPS) return timestampsOf(bytes) ?? { data: hex(bytes.subarray(2)) };
  if (kind === OPTION_SACK && bytes.length % 8 === 2) return { blocks: sackBlocks(bytes) };
  if (kind === OPTION_EXPERIMENT && bytes.length >= 4) {
    return { experiment: hex(bytes.subarray(2, 4)), data: hex(bytes.subarray(4)) };
  }
  return bytes.length > 2 ? { data: hex(bytes.subarray(2)) } : {};
}

/** RFC 2018: left edge, right edge. */
function sackBlocks(bytes: Uint8Array): Json {
  return Array.from({ length: (bytes.length - 2) / 8 }, (_, i) => [u32(bytes, 2 + 8 * i), u32(bytes, 6 + 8 * i)]);
}

/**
 * Fields of an MPTCP option under the names of its type, the subtype as `subtype`. Keys and HMACs are hexadecimal
 * digits; sequence numbers of the connection are decimal text, for they have up to 64 bits.
 */
function mptcpToJson(option: MptcpOption): JsonObject {
  switch (option.kind) {
    case "MP_CAPABLE": {
      const { kind, senderKey, receiverKey, ...rest } = option;
      return { subtype: kind, ...rest, senderKey: hex64(senderKey), receiverKey: hex64(receiverKey) };
    }
    case "MP_JOIN":
      return joinToJson(option);
    case "DSS": {
      const { dataAck, mapping } = option;
      return {
        subtype: option.kind,
        dataFin: option.dataFin,
        dataAck: dataAck === null ? null : { ...dataAck, value: String(dataAck.value) },
        mapping: mapping === null ? null : { ...mapping, dataSequence: String(mapping.dataSequence) },
      };
    }
    case "ADD_ADDR": {
      const { kind, address, truncatedHmac, ...rest } = option;
      return { subtype: kind, ...rest, address: formatAddress(address), truncatedHmac: hex64(truncatedHmac) };
    }
    case "MP_FAIL":
      return { subtype: option.kind, dataSequence: String(option.dataSequence) };
    case "MP_FASTCLOSE":
      return { subtype: option.kind, receiverKey: hex64(option.receiverKey) };
    case "REMOVE_ADDR":
    case "MP_PRIO":
    case "MP_TCPRST": {
      const { kind, ...rest } = option;
      return { subtype: kind, ...rest };
    }
    case "unknown":
    case "malformed":
      return { subtype: option.kind, number: option.subtype, data: hex(option.data) };
  }
}

function joinToJson(option: Extract<MptcpOption, { kind: "MP_JOIN" }>): JsonObject {
  if (option.form === "ACK") return { subtype: option.kind, form: option.form, hmac: hex(option.hmac) };
  if (option.form === "SYN") {
    const { kind, token, ...rest } = option;
    return { subtype: kind, ...rest, token: token.toString(16).padStart(8, "0") };
  }
  const { kind, truncatedHmac, ...rest } = option;
  return { subtype: kind, ...rest, truncatedHmac: hex64(truncatedHmac) };
}

function hex64(value: bigint | null): string | null {
  return value === null ? null : value.toString(16).padStart(16, "0");
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}
