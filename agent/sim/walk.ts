import { icmpError, timeExceeded } from "../../shared/middlebox/router.js";
import type { Aside } from "../../shared/middlebox/rule.js";
import { fold16, sum16 } from "../../shared/packet/checksum.js";
import { u8 } from "../../shared/packet/ip.js";
import { put16 } from "../../shared/packet/write.js";
import type { Path, SimBox, SimRouter } from "./path.js";

/** Boxes that answer each other's packets must not keep doing so for ever. */
const MOST_STEPS = 4_096;

/**
 * Takes a packet of a vantage point along its path, and everything that comes of it to its end. `deliver` gets what comes
 * back to the vantage point, and how long after the sending it does. The bytes of `packet` are the walk's from now on.
 */
export function walk(path: Path, packet: Uint8Array, deliver: (packet: Uint8Array, afterUs: number) => void): void {
  const { elements, host } = path;
  let steps = 0;

  function forth(sent: Uint8Array, from: number, startUs: number): void {
    let current = sent;
    let afterUs = startUs;
    for (let i = from; i < elements.length; i++) {
      if (++steps > MOST_STEPS) return;
      const element = elements[i] as SimRouter | SimBox;
      if (element.kind === "box") {
        if (!element.forth) continue;
        const next = element.rule(current, "forth", asideOf(i, "forth", afterUs));
        if (next === null) return;
        current = next;
        continue;
      }
      afterUs += element.delayUs;
      const living = withLowerTtl(current);
      if (living === null) {
        if (element.address !== null) back(quote(element.address, current, element), i - 1, afterUs, element.delayUs);
        return;
      }
      current = living;
    }
    if (host === null) return;
    afterUs += host.delayUs;
    for (const answer of host.answer(current)) back(answer, elements.length - 1, afterUs, host.delayUs);
  }

  /** `linkUs`: the way from the sender to the element at `from`, or to the next router before it. */
  function back(sent: Uint8Array, from: number, startUs: number, linkUs: number): void {
    let current = sent;
    let afterUs = startUs;
    let wayUs = linkUs;
    for (let i = from; i >= 0; i--) {
      if (++steps > MOST_STEPS) return;
      const element = elements[i] as SimRouter | SimBox;
      if (element.kind === "box") {
        if (!element.back) continue;
        const next = element.rule(current, "back", asideOf(i, "back", afterUs));
        if (next === null) return;
        current = next;
        continue;
      }
      afterUs += wayUs;
      wayUs = element.delayUs;
      const living = withLowerTtl(current);
      // An error about an error is not sent (RFC 1122 section 3.2.2), and nobody reads one about an answer.
      if (living === null) return;
      current = living;
    }
    deliver(current, afterUs + wayUs);
  }

  function asideOf(at: number, direction: "forth" | "back", afterUs: number): Aside {
    const away = (made: Uint8Array): void => forth(made, at + 1, afterUs);
    const home = (made: Uint8Array): void => back(made, at - 1, afterUs, 0);
    return direction === "forth" ? { on: away, back: home } : { on: home, back: away };
  }

  forth(packet, 0, 0);
}

function quote(address: Uint8Array, packet: Uint8Array, { quotes }: SimRouter): Uint8Array {
  return icmpError(packet, address, timeExceeded(u8(packet, 0) >>> 4 === 4 ? 4 : 6), quotes);
}

/** The packet with its TTL taken down in place; null when it must not go on. */
function withLowerTtl(packet: Uint8Array): Uint8Array | null {
  const isIpv4 = u8(packet, 0) >>> 4 === 4;
  const at = isIpv4 ? 8 : 7;
  const ttl = u8(packet, at);
  if (ttl <= 1) return null;
  packet[at] = ttl - 1;
  if (isIpv4) {
    put16(packet, 10, 0);
    put16(packet, 10, fold16(sum16(packet, 0, (u8(packet, 0) & 0x0f) * 4)));
  }
  return packet;
}
