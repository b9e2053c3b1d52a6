import { join } from "node:path";
import { readIdentity } from "../../../agent/identity/identity.js";
import { createAdmission } from "../../../agent/lease/admission.js";
import { createLeaseBook } from "../../../agent/lease/book.js";
import { createFence } from "../../../agent/lease/fence.js";
import { createPermission } from "../../../agent/lease/permission.js";
import { createTrouble } from "../../../agent/lease/trouble.js";
import { createSession, type Session } from "../../../agent/session/session.js";
import type { LeaseMarks, WorkGrant } from "../../../shared/lease/work.js";
import { VERSION } from "../../../shared/version.js";
import type { AgentsTask, GrantTiming } from "./messages.js";
import { createBookkeeping } from "./sender.js";

export function benchName(number: number): string {
  return `bench-${number}`;
}

export function benchVantage(number: number): string {
  return `site-${number % 20}`;
}

/** From the spool to the commit notice: about what one insert takes, up to a busy store. */
const COMMIT_MS = { least: 300, most: 2_000 };
/** As the coordinator gives leases: there is room with fewer than these that have something left to send, or to commit. */
const MOST_WORKING = 2;
const MOST_ACTIVE = 8;

/** What the operator wants, as the agent has taken it in. */
export type Steering =
  | { readonly kind: "pause"; readonly campaign: string; readonly paused: boolean }
  | { readonly kind: "revoke"; readonly lease: string };

export interface BenchAgentOptions {
  readonly task: Pick<AgentsTask, "address" | "identities" | "life" | "disk" | "maxPps">;
  readonly number: number;
  readonly onGrant: (grant: GrantTiming) => void;
  readonly onSent: (epoch: number, from: number, sent: number) => void;
  readonly onSteered?: (steering: Steering) => void;
}

export interface BenchAgent {
  readonly session: Session;
  step(nowMs: number): void;
  /** Brings the marks forward, as once a second the rows into the spool. */
  checkpoint(): Promise<void>;
  readonly packets: number;
}

/**
 * An agent with its real session, fence, admission and lease book. What it does not have is an engine, a spool and a
 * publisher: probes are numbers, and batches names that are committed after a while. Those parts never speak with the
 * coordinator, and a thousand of them in a process would be what is measured.
 */
export function startBenchAgent({ task, number, onGrant, onSent, onSteered }: BenchAgentOptions): BenchAgent {
  const name = benchName(number);
  const identity = readIdentity(join(task.identities, name));
  const nowMs = (): number => performance.now();
  const fence = createFence(nowMs);
  let batches = 0;
  let hasRows = false;
  let granted: WorkGrant | null = null;
  /** When each lease that there is room for was first shown to be wanted, oldest first. */
  let wantedSinceMs: number[] = [];
  const bookkeeping = createBookkeeping(() => granted?.epoch ?? 0);
  const book = createLeaseBook({
    admission: createAdmission(
      createPermission({
        open: [],
        block: [],
        ports: null,
        contact: { email: "bench@localhost", url: "http://localhost" },
      }),
    ),
    startProbing: bookkeeping.startProbing,
    writer: { append: () => undefined, cut, drain: async () => undefined },
    allowedUntil: fence.openUntil,
    refuse: (lease, reason) => session.refuse(lease, reason),
    report: () => undefined,
    trouble: createTrouble({ warn: () => undefined, info: () => undefined }),
    left: [],
  });
  const running = new Map<string, { readonly lease: string; readonly epoch: number }>();

  function cut(): void {
    if (!hasRows) return;
    hasRows = false;
    batches++;
    const batch = `${name}-${task.life}-${batches}`;
    book.batchCut({ batch, campaign: "", table: "syn_replies", rows: 1, block: EMPTY, leases: [...running.values()] });
    const afterMs = COMMIT_MS.least + Math.random() * (COMMIT_MS.most - COMMIT_MS.least);
    setTimeout(() => book.batchCommitted(batch), afterMs).unref();
  }

  /** Room that is shown by this heartbeat is waited for from now on. */
  const lookForRoom = (marks: readonly LeaseMarks[]): void => {
    running.clear();
    let working = 0;
    let active = 0;
    for (const { lease, epoch, sent, committed } of marks) {
      running.set(lease, { lease, epoch });
      working += sent < (ends.get(lease) ?? 0) ? 1 : 0;
      active += committed < (ends.get(lease) ?? 0) ? 1 : 0;
    }
    for (const lease of ends.keys()) {
      if (!running.has(lease)) ends.delete(lease);
    }
    const wanted = Math.max(0, Math.min(MOST_WORKING - working, MOST_ACTIVE - active));
    const more = Math.max(0, wanted - wantedSinceMs.length);
    wantedSinceMs = [...wantedSinceMs.slice(0, wanted), ...new Array<number>(more).fill(nowMs())];
  };
  const ends = new Map<string, number>();

  const session = createSession({
    address: task.address,
    identity: () => identity,
    nowMs,
    wallMs: Date.now,
    random: Math.random,
    hello: {
      agent: name,
      vantage: benchVantage(number),
      labels: { region: `region-${number % 5}`, pool: number % 2 === 0 ? "even" : "odd" },
      version: VERSION,
      instance: `${name}-${task.life}`,
      spool: `${name}-${task.disk}`,
      ipv4: true,
      ipv6: false,
      maxPps: Math.round(task.maxPps * (0.5 + ((number * 7_919) % 1_000) / 2_000)),
      opened: [],
      yields: true,
      selfTests: false,
      referenceAddresses: [],
    },
    handlers: {
      plan: book.plan,
      grant(grant) {
        ends.set(grant.lease, grant.to);
        // One that was on its way when a session began answers no heartbeat of it.
        const sinceMs = wantedSinceMs.shift();
        if (sinceMs !== undefined) onGrant({ atMs: Date.now(), latencyMs: nowMs() - sinceMs, to: grant.to });
        granted = grant;
        book.grant(grant);
        granted = null;
      },
      revoke(lease, reason) {
        book.revoke(lease, reason);
        onSteered?.({ kind: "revoke", lease });
      },
      yield: book.yield,
      pause(campaign, paused) {
        book.pause(campaign, paused);
        onSteered?.({ kind: "pause", campaign, paused });
      },
      welcome({ stopAfterMs }) {
        fence.setStopAfterMs(stopAfterMs);
        book.forgetPauses();
        wantedSinceMs = [];
      },
      heartbeat(sequence) {
        const leases = book.marks(sequence);
        lookForRoom(leases);
        fence.heartbeatSent(sequence);
        const { packets } = bookkeeping;
        const stats = { packetsSent: packets, replies: packets, kernelDrops: 0, sendErrors: 0, packetsPerSecond: 0 };
        return { leases, stats: { ...stats, spoolBytes: 0, lastError: "" }, optOuts: 0 };
      },
      acknowledged(sequence) {
        fence.heartbeatAcknowledged(sequence);
        book.heartbeatAcknowledged(sequence);
      },
      heldOptOuts: () => "",
      optOuts: () => undefined,
      disconnected: () => undefined,
      problem(line) {
        throw new Error(line);
      },
    },
  });
  session.ended.catch((error: unknown) => {
    throw error;
  });
  return {
    session,
    step: (now) => bookkeeping.step(now, sent),
    checkpoint: () => book.checkpoint(),
    get packets() {
      return bookkeeping.packets;
    },
  };

  function sent(epoch: number, from: number, to: number): void {
    hasRows = true;
    onSent(epoch, from, to);
  }
}

const EMPTY = new Uint8Array(0);
