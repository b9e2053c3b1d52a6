import { robotsVerdict } from "../../../agent/timing/robots.js";
import type { FuzzedDecoder } from "../decoder.js";

const ROBOTS = [
  "User-agent: *\nDisallow: /\n",
  "User-agent: parallax/1.0 # us\r\nUser-agent: other\r\nAllow: /$\r\nDisallow: /*.pdf$\r\n\r\nSitemap: http://198.18.0.1/map",
  "\uFEFFuser-agent:*\rdisallow:*\rallow:/\r",
].map((text) => Uint8Array.from(Buffer.from(text)));

/** What web servers send that is read here; HTTP and TLS are Node's. */
export const WEB_DECODERS: readonly FuzzedDecoder[] = [
  {
    name: "robots",
    seeds: ROBOTS,
    maxBytes: 1_500,
    refusal: null,
    decode(body) {
      const verdict = robotsVerdict({ outcome: "complete", status: 200, body });
      if (verdict === "unreachable") throw new Error("a text that came is not unreachable");
      return verdict;
    },
  },
];
