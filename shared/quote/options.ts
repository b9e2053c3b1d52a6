import { optionName } from "../option/names.js";
import { decodeTcpOptions, OPTION_END, OPTION_MPTCP, OPTION_NOP, type TcpOption } from "../option/tcp-options.js";
import { u8 } from "../packet/ip.js";
import type { MptcpState } from "../verdict/names.js";

const TCP_HEADER_BYTES = 20;
const MPTCP_FIELD = "tcp.option.mptcp";
const ORDER_FIELD = "tcp.option.order";

/** The options of one header; NOPs and end-of-list bytes are left out. */
interface OptionList {
  readonly options: readonly TcpOption[];
  /** All of them are there. */
  readonly isComplete: boolean;
  /** Where they end, from the first option's byte on, as the header says. */
  readonly endsAt: number;
}

/**
 * Compares the options of a quoted segment with those that were sent, and adds what it finds to `changes` and
 * `unobservable`. An option that is gone was cut out, so that what surrounds it moved together, or was overwritten, so
 * that its room is still there. One that is absent because the quote ends is neither.
 */
export function compareOptions(
  sentTcp: Uint8Array,
  quotedTcp: Uint8Array,
  changes: string[],
  unobservable: string[],
): MptcpState {
  const sent = listOf(sentTcp);
  const quoted = listOf(quotedTcp);
  for (const [i, option] of sent.options.entries()) {
    const field = fieldOf(option);
    const there = quoted.options.find(({ kind }) => kind === option.kind);
    if (there !== undefined) {
      if (!sameBytes(option.bytes, there.bytes)) changes.push(`${field}.changed`);
    } else if (quoted.isComplete || sent.options.slice(i + 1).some((later) => hasSame(quoted, later))) {
      changes.push(`${field}.${keptItsRoom(sent, quoted, i) ? "nop" : "removed"}`);
    } else {
      unobservable.push(field);
    }
  }
  const strangers = quoted.options.filter((option, i) => !has(sent, option) || isSecond(quoted, i));
  changes.push(...new Set(strangers.map((option) => `${fieldOf(option)}.added`)));
  if (orderOf(sent, quoted) !== orderOf(quoted, sent)) changes.push(`${ORDER_FIELD}.changed`);
  else if (!quoted.isComplete) unobservable.push(ORDER_FIELD);
  const isMptcpOpen = !quoted.isComplete && ![...sent.options, ...quoted.options].some(isMptcp);
  if (isMptcpOpen) unobservable.push(MPTCP_FIELD);
  return mptcpState(changes, unobservable);
}

function mptcpState(changes: readonly string[], unobservable: readonly string[]): MptcpState {
  if (unobservable.includes(MPTCP_FIELD)) return "unobservable";
  if (changes.includes(`${MPTCP_FIELD}.removed`)) return "stripped-removed";
  if (changes.includes(`${MPTCP_FIELD}.nop`)) return "stripped-nop";
  if (changes.includes(`${MPTCP_FIELD}.changed`)) return "altered";
  return changes.includes(`${MPTCP_FIELD}.added`) ? "added" : "unmodified";
}

function listOf(tcp: Uint8Array): OptionList {
  const headerBytes = (u8(tcp, 12) >>> 4) * 4;
  if (tcp.length < TCP_HEADER_BYTES || headerBytes < TCP_HEADER_BYTES) {
    return { options: [], isComplete: false, endsAt: 0 };
  }
  const available = tcp.subarray(TCP_HEADER_BYTES, headerBytes);
  const { options: all, malformed } = decodeTcpOptions(available);
  const options = all.filter(({ kind }) => kind !== OPTION_NOP && kind !== OPTION_END);
  const endsAt = headerBytes - TCP_HEADER_BYTES;
  const isComplete = available.length === endsAt;
  // In a whole header, bytes that make no whole option are one that somebody broke.
  if (isComplete && malformed.length > 0) {
    options.push({ kind: u8(malformed, 0), offset: endsAt - malformed.length, bytes: malformed });
  }
  return { options, isComplete, endsAt };
}

/** Whether the room between the neighbours of a missing option is as large as it was, whatever lies there now. */
function keptItsRoom(sent: OptionList, quoted: OptionList, missing: number): boolean {
  const before = sent.options.slice(0, missing).findLast((option) => has(quoted, option));
  const after = sent.options.slice(missing + 1).find((option) => has(quoted, option));
  const roomIn = ({ options, endsAt }: OptionList) => {
    const previous = options.find(({ kind }) => kind === before?.kind);
    const next = options.find(({ kind }) => kind === after?.kind);
    return (next?.offset ?? endsAt) - (previous === undefined ? 0 : previous.offset + previous.bytes.length);
  };
  return roomIn(quoted) >= roomIn(sent);
}

/** The options that both have, in the order of the first, each once. */
function orderOf(list: OptionList, other: OptionList): string {
  return list.options
    .filter((option, i) => has(other, option) && !isSecond(list, i))
    .map(({ kind }) => kind)
    .join();
}

function isSecond({ options }: OptionList, at: number): boolean {
  return options.findIndex(({ kind }) => kind === options[at]?.kind) < at;
}

function has({ options }: OptionList, { kind }: TcpOption): boolean {
  return options.some((option) => option.kind === kind);
}

/** Byte for byte: a kind whose byte was overwritten with another is not that other. */
function hasSame({ options }: OptionList, { bytes }: TcpOption): boolean {
  return options.some((option) => sameBytes(option.bytes, bytes));
}

function isMptcp({ kind }: TcpOption): boolean {
  return kind === OPTION_MPTCP;
}

function fieldOf({ kind }: TcpOption): string {
  return `tcp.option.${optionName(kind)}`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
