import { parseAddress } from "../../../shared/address/address.js";
import type { SynReplyRow } from "../../../shared/batch/rows.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { headerOf, type ScannedReply, scannedReply } from "../../../shared/zmap/reply.js";

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replace(/\s/g, ""), "hex"));

/**
 * From Linux 6.18, as tcpdump reads it: 198.18.0.2.8080 > 198.18.0.1.33946: Flags [S.], seq 941851427, ack 4098911128,
 * win 65160, options [mss 1460,sackOK,TS val 939967745 ecr 2575779671,nop,wscale 10,mptcp 12 capable v1], ttl 64, id 0.
 */
const SYN_ACK = hex(`
  4500004800004000 4006ae88c6120002c61200011f90849a38238323f4506b98d012fe888c62000002
  0405b40402080a3806c501998747570103030a1e0c01813677adf2e54e3993`);

const ROW: SynReplyRow = {
  table: "syn_replies",
  source: "synscan/v4/8080",
  index: 7,
  target: parseAddress("198.18.0.2"),
  port: 8080,
  variant: "v1",
  verdict: "claims-v1",
  receivedAtUs: 1_795_437_835_959_687,
  rttUs: 412,
  responder: parseAddress("198.18.0.2"),
  ttl: 64,
  tcpFlags: 0x12,
  window: 65_160,
  receiverKey: 0x3677adf2e54e3993n,
  options: SYN_ACK.subarray(40),
  icmpType: 0,
  icmpCode: 0,
  quote: new Uint8Array(0),
};

export function synAck(change: Partial<SynReplyRow> = {}, cooldown = false): ScannedReply {
  return scannedReply({ ...ROW, ...change }, headerOf(decodePacket(SYN_ACK)), cooldown);
}

/** A router's answer, by default "communication administratively prohibited". */
export function icmpError(change: Partial<SynReplyRow> = {}): ScannedReply {
  const row: SynReplyRow = {
    ...ROW,
    verdict: "unreachable",
    responder: parseAddress("203.0.113.1"),
    rttUs: null,
    tcpFlags: 0,
    window: 0,
    receiverKey: null,
    options: new Uint8Array(0),
    icmpType: 3,
    icmpCode: 13,
    quote: hex("45000014"),
    ...change,
  };
  return scannedReply(row, null, false);
}
