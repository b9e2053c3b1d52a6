import { addressFamily } from "../../shared/address/address.js";
import type { Dss, MptcpOption } from "../../shared/option/mptcp.js";
import { addAddrHmac, dataChecksum, idsnOf, type MptcpVersion } from "../../shared/option/mptcp-crypto.js";
import { TCP_ACK, TCP_PSH, TCP_RST, type TcpHeader } from "../../shared/packet/tcp.js";
import { announcedAddress, mptcpOptionsOf, REASON_MIDDLEBOX, resetReason, type SegmentLog } from "./evidence.js";
import type { Flow } from "./flow.js";

export interface ConnectionOptions {
  readonly flow: Flow;
  readonly version: MptcpVersion;
  readonly ownKey: bigint;
  readonly otherKey: bigint;
  /** Agreed on in the SYN exchange: a DSS carries a checksum. */
  readonly hasChecksums: boolean;
  readonly log: SegmentLog;
}

/** A first subflow whose SYN/ACK was a claim: what the host does with data shows whether it was true. */
export interface Connection {
  /** Sends the third ACK and the request; again with `again`. */
  sendRequest(again?: boolean): Promise<void>;
  /** Takes in what comes until `isEnough` or `untilMs` (monotonic). */
  listen(isEnough: () => boolean, untilMs: number, nowMs: () => number): Promise<void>;
  /** Acknowledges what came, on the level of data too, and with `mptcp` in its place where that is given. */
  acknowledge(mptcp?: MptcpOption & { kind: "REMOVE_ADDR" }): Promise<void>;
  readonly facts: ConnectionFacts;
}

export interface ConnectionFacts {
  dssSeen: boolean;
  dataAckRight: boolean;
  altered: boolean;
  /** The host reset the connection; the reason where it gave one. */
  wasReset: boolean;
  resetReason: number | null;
  readonly addresses: string[];
}

/**
 * A request that every server may answer as it likes: what counts is the acknowledgement. An HTTP server ends the
 * connection after a short answer.
 */
const REQUEST = new TextEncoder().encode("HEAD / HTTP/1.0\r\n\r\n");
/** A DATA_ACK beyond the data by no more than this counts as data that was made longer on the way. */
const LONGER_BY = 4096n;
const U64 = 2n ** 64n;

export function createConnection(options: ConnectionOptions): Connection {
  const { flow, version, ownKey, otherKey, hasChecksums, log } = options;
  const facts: ConnectionFacts = {
    dssSeen: false,
    dataAckRight: false,
    altered: false,
    wasReset: false,
    resetReason: null,
    addresses: [],
  };
  const firstData = (idsnOf(version, ownKey) + 1n) % U64;
  const otherFirst = (idsnOf(version, otherKey) + 1n) % U64;
  const mapping = { dataSequence: firstData, subflowSequence: 1, dataLength: REQUEST.length };
  const checksum = hasChecksums ? dataChecksum(mapping, REQUEST) : null;
  const capable = {
    kind: "MP_CAPABLE",
    version,
    checksumRequired: hasChecksums,
    extensibility: false,
    noJoin: false,
    algorithms: 1,
    senderKey: ownKey,
    receiverKey: otherKey,
  } as const;

  const dataAck = (): Dss["dataAck"] => ({ bytes: 8, value: (otherFirst + BigInt(flow.receivedBytes)) % U64 });

  function onDss({ dataAck, mapping: theirs }: Dss, tcp: TcpHeader): void {
    if (dataAck !== null) {
      const modulus = dataAck.bytes === 8 ? U64 : 2n ** 32n;
      const acknowledged = (((dataAck.value - firstData) % modulus) + modulus) % modulus;
      const length = BigInt(REQUEST.length);
      facts.dssSeen ||= acknowledged <= length;
      if (acknowledged === length) facts.dataAckRight = true;
      else if (acknowledged > length && acknowledged <= length + LONGER_BY) facts.altered = true;
    }
    // Only a mapping that lies in one segment as a whole can be checked without collecting the data.
    if (theirs === null || theirs.checksum === null || theirs.dataLength !== tcp.payload.length) return;
    const offset = theirs.dataSequence - (theirs.bytes === 8 ? otherFirst : otherFirst % 2n ** 32n);
    const dataSequence = (otherFirst + offset + U64) % U64;
    const right = dataChecksum({ ...theirs, dataSequence }, tcp.payload);
    if (right !== theirs.checksum) facts.altered = true;
  }

  function onOption(option: MptcpOption, tcp: TcpHeader): void {
    switch (option.kind) {
      case "DSS":
        onDss(option, tcp);
        break;
      case "MP_FAIL":
        facts.altered = true;
        break;
      case "ADD_ADDR": {
        const address = addressFamily(option.address) === 4 ? option.address.subarray(12) : option.address;
        const hmac = addAddrHmac({ ownKey: otherKey, otherKey: ownKey }, { ...option, address });
        const text = announcedAddress(option, version === 1 ? option.truncatedHmac === hmac : true);
        if (!option.echo && facts.addresses.length < MOST_ADDRESSES && !facts.addresses.includes(text)) {
          facts.addresses.push(text);
        }
        break;
      }
      default:
        break;
    }
  }

  function onSegment(tcp: TcpHeader): void {
    log.add("first", tcp);
    flow.take(tcp);
    for (const option of mptcpOptionsOf(tcp)) onOption(option, tcp);
    if (flow.acked === "too-much") facts.altered = true;
    if ((tcp.flags & TCP_RST) === 0) return;
    facts.wasReset = true;
    facts.resetReason = resetReason(tcp);
    if (facts.resetReason === REASON_MIDDLEBOX) facts.altered = true;
  }

  return {
    facts,
    async sendRequest(again = false) {
      if (version === 1) {
        // RFC 8684 section 3.1: data in the third ACK goes with the keys and its length in one option.
        const mptcp = { ...capable, dataLength: REQUEST.length, checksum };
        await flow.send({ flags: TCP_ACK | TCP_PSH, mptcp, payload: REQUEST, again });
        return;
      }
      if (!again) await flow.send({ flags: TCP_ACK, mptcp: { ...capable, dataLength: null, checksum: null } });
      const dss = { kind: "DSS", dataFin: false, dataAck: null, mapping: { bytes: 4, ...mapping, checksum } } as const;
      await flow.send({ flags: TCP_ACK | TCP_PSH, mptcp: dss, payload: REQUEST, again });
    },
    async listen(isEnough, untilMs, nowMs) {
      while (!isEnough() && !facts.wasReset) {
        const arrival = await flow.next(untilMs - nowMs());
        if (arrival === null) return;
        if (arrival.packet.kind === "tcp") onSegment(arrival.packet.tcp);
      }
    },
    async acknowledge(mptcp) {
      await flow.send({
        flags: TCP_ACK,
        mptcp: mptcp ?? { kind: "DSS", dataFin: false, dataAck: dataAck(), mapping: null },
      });
    },
  };
}

const MOST_ADDRESSES = 8;
