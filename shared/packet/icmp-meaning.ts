import { ICMP_TIME_EXCEEDED, ICMPV6_TIME_EXCEEDED, type IcmpError } from "./icmp.js";

const ICMP_UNREACHABLE = 3;
const ICMP_PARAMETER_PROBLEM = 12;
const ICMPV6_UNREACHABLE = 1;
const ICMPV6_PARAMETER_PROBLEM = 4;

/**
 * What an ICMP error says of the probe it quotes (RFC 792, RFC 4443): it died on the way, it was turned away, or (null)
 * it went on and this is a remark, such as a redirect or packet too big.
 */
export function icmpMeaning(icmp: IcmpError, family: 4 | 6): "time-exceeded" | "unreachable" | null {
  switch (icmp.type) {
    case family === 4 ? ICMP_TIME_EXCEEDED : ICMPV6_TIME_EXCEEDED:
      return "time-exceeded";
    case family === 4 ? ICMP_UNREACHABLE : ICMPV6_UNREACHABLE:
    case family === 4 ? ICMP_PARAMETER_PROBLEM : ICMPV6_PARAMETER_PROBLEM:
      return "unreachable";
    default:
      return null;
  }
}
