import { once } from "node:events";
import { createScanBoard } from "../../agent/synscan/board.js";
import { createSynReplies } from "../../agent/synscan/replies.js";
import { createSystemClock } from "../../agent/wire/clock.js";
import { openPacketPort } from "../../agent/wire/open-port.js";
import { planPort } from "../../agent/wire/plan-port.js";
import { createReceiver } from "../../agent/wire/receiver.js";
import { createProbeFields } from "../../shared/probe/fields.js";
import { createReplyMatcher } from "../../shared/probe/match.js";
import { openTargets, PROBED, SECRET } from "./receive-setup.js";

export interface Received {
  readonly received: number;
  readonly kernelDrops: number | null;
  /** First answers, each with its verdict. */
  readonly rows: number;
  readonly verdicts: Readonly<Record<string, number>>;
}

/** The receiving half of a scan whose probes are thought to be out. Tells the parent what came in when it is asked. */
const [interfaceName = "", count = "0"] = process.argv.slice(2);
const source = openTargets();
const clock = createSystemClock();
const plan = await planPort({ interface: interfaceName, driver: "packet", without: new Set([6]) });
const port = openPacketPort(plan);
const receiver = createReceiver({ port, clock });
const fields = createProbeFields(SECRET);
const matcher = createReplyMatcher(fields);
const board = createScanBoard(0, source.size);
board.announce(Number(count));
const verdicts: Record<string, number> = {};
const replies = createSynReplies(
  {
    source,
    sourceId: "bench",
    from: 0,
    to: source.size,
    variants: PROBED,
    fields,
    matcher,
    profile: "linux",
    emit(row) {
      if (row.table === "syn_replies") verdicts[row.verdict] = (verdicts[row.verdict] ?? 0) + 1;
    },
  },
  board,
);
receiver.subscribe({
  matcher,
  stage: "synscan",
  onReply: (reply) => replies.take(reply, 0),
  onSegment: (segment, variant, capturedUs) => replies.takeSegment(segment, variant, capturedUs, 0),
});
const over = new AbortController();
const receiving = receiver.run(over.signal);
process.send?.("ready");
await once(process, "message");
over.abort();
await receiving;
const { received, kernelDrops } = port.receiveStats();
process.send?.({ received, kernelDrops, rows: replies.counters().replies, verdicts } satisfies Received);
process.disconnect();
port.close();
