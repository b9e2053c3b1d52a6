import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { addressBytes } from "../shared/address/address.js";
import { formatPrefix } from "../shared/address/prefix.js";
import { UserError } from "../shared/errors.js";
import { processFacts } from "../shared/metrics/process.js";
import { VERSION } from "../shared/version.js";
import type { AgentConfig } from "./config/config.js";
import type { IdentityKeeper } from "./identity/keeper.js";
import { createAdmission } from "./lease/admission.js";
import { createLeaseBook, type LeaseBook } from "./lease/book.js";
import { createFence } from "./lease/fence.js";
import { createGate } from "./lease/gate.js";
import { checkpoint, keepBook } from "./lease/keeper.js";
import { createLateNetwork } from "./lease/late-network.js";
import { createPermission } from "./lease/permission.js";
import type { ProbeNetwork } from "./lease/probing.js";
import { openNamedSpool } from "./lease/spool-identity.js";
import { createRowStore } from "./lease/store.js";
import { createTrouble } from "./lease/trouble.js";
import { sendLines } from "./ledger/recorder.js";
import type { AgentMetrics } from "./metrics/metrics.js";
import { optOutFile } from "./optout/file.js";
import { openOptOutKeeper } from "./optout/keeper.js";
import { createPublisher } from "./publish/publisher.js";
import { createClockMeter } from "./selftest/clock-meter.js";
import { createSelfTestParts, type SelfTestParts } from "./selftest/parts.js";
import { NO_SERVICE_MANAGER, type ServiceManager } from "./service/manager.js";
import { createSession, type Session } from "./session/session.js";
import { createStats } from "./session/stats.js";
import { freeBytes } from "./spool/disk.js";
import type { Clock } from "./wire/clock.js";

/** The parts of an agent that come from outside. */
export interface AgentParts {
  readonly config: AgentConfig;
  /** The agent's certificate and keys, kept fresh while it runs. */
  readonly identity: IdentityKeeper;
  readonly log: Logger;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** A random UUID at each call. */
  readonly uuid: () => string;
  /** Opens the interface; may reject with UserError. */
  readonly openNetwork: () => Promise<ProbeNetwork>;
  readonly connectBroker: () => Promise<NatsConnection>;
  /** Told of the agent's life; none where it is left out. */
  readonly service?: ServiceManager;
  /** Where its numbers are read; nowhere where it is left out. */
  readonly metrics?: AgentMetrics;
  readonly timing?: Partial<AgentTiming>;
}

/** All in milliseconds. */
interface AgentTiming {
  /** Rows wait at most so long for their batch; marks move as often. */
  readonly checkpointMs: number;
  /** What was made is told to the coordinator as often, while there is work. */
  readonly linesMs: number;
  /** The longest wait between two attempts to reach the coordinator. */
  readonly mostBackoffMs: number;
  /** A batch without a commit notice for so long is published again. */
  readonly noticeTimeoutMs: number;
  /** At the end: for the last reply windows, for the spool to be committed, and for the last acknowledgement. */
  readonly windowMs: number;
  readonly drainMs: number;
  readonly farewellMs: number;
}

const TIMING: AgentTiming = {
  // Shorter than between two heartbeats by what a disk takes: then each heartbeat tells of marks that have just moved, and
  // what an agent that dies has done in vain is the reply window and a second.
  checkpointMs: 900,
  linesMs: 10_000,
  mostBackoffMs: 5_000,
  noticeTimeoutMs: 30_000,
  windowMs: 10_000,
  drainMs: 3_000,
  farewellMs: 1_000,
};

/** Batches that may wait for the disk; with more of them nothing is sent. */
const MOST_WAITING_BATCHES = 4;

/**
 * An agent's life: connects, works on its leases and publishes their rows until `signal` is aborted, then stops sending,
 * waits for the last replies, puts their rows into the spool and leaves.
 *
 * Rejects with UserError when it cannot begin, when the coordinator does not want this agent, and when its interface or
 * its spool is of no more use; the spool is left in order then, too.
 */
export async function runAgent(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { config, log, clock, service = NO_SERVICE_MANAGER } = parts;
  const timing = { ...TIMING, ...parts.timing };
  const instance = parts.uuid();
  const trouble = createTrouble(log);
  const {
    spool,
    name: spoolName,
    ledger,
  } = await openNamedSpool({
    ...config.spool,
    agent: config.name,
    uuid: parts.uuid,
    report: (problem) => log.error(problem),
  });
  const left = [...spool.list(), ...spool.aside()];
  const network = createLateNetwork(parts.openNetwork);
  await network.open().catch((error: unknown) => {
    // The self-test tries it again, and says what is wrong.
    if (!(error instanceof UserError) || error.exitCode === 2) throw error;
  });
  const optOuts = openOptOutKeeper({
    file: optOutFile(config.spool.folder),
    leaveOut: network.leaveOut,
    report: (problem) => log.error(problem),
  });
  const permission = createPermission({ ...config, ports: config.caps.ports });
  const meter = createClockMeter(clock.unixMs);
  const fence = createFence(clock.monotonicMs);
  const tellBuried = (reason: string): void => {
    const count = spool.aside().length;
    if (count === 0) trouble.end("dead letters");
    else if (reason !== "" || !trouble.isIn("dead letters")) trouble.begin("dead letters", buriedText(count, reason));
  };
  tellBuried("");
  const publisher = createPublisher({
    spool,
    connect: parts.connectBroker,
    vantage: config.vantage,
    agent: config.name,
    noticeTimeoutMs: timing.noticeTimeoutMs,
    onCommitted: (meta) => {
      book.batchCommitted(meta.batch);
      tellBuried("");
    },
    onBuried: (_meta, reason) => tellBuried(reason),
    ...(parts.metrics && { onLag: parts.metrics.commitLag }),
    report: (problem) => trouble.begin("broker", problem),
  });
  const writer = createRowStore({
    agent: config.name,
    instance,
    spool,
    publisher,
    onCut: (batch) => book.batchCut(batch),
  });
  const gate = createGate({
    openUntil: fence.openUntil,
    waitingBatches: () => writer.waiting,
    mostWaitingBatches: MOST_WAITING_BATCHES,
    isSpoolFull: () => trouble.isIn("spool"),
    nowMs: clock.monotonicMs,
  });
  const book: LeaseBook = createLeaseBook({
    admission: createAdmission(permission),
    startProbing: network.startProbing,
    writer,
    allowedUntil: gate.allowedUntil,
    refuse: (lease, reason) => session.refuse(lease, reason),
    report: (problem) => log.warn(problem),
    trouble,
    left,
  });
  let isConnected = false;
  const stats = createStats({
    network: network.stats,
    spoolBytes: () => spool.bytes,
    lastError: () => trouble.summary,
    nowMs: clock.monotonicMs,
  });
  const selfTest: SelfTestParts = createSelfTestParts({
    ...{ config, network, permission, meter, trouble, log, clock, spool },
    session: () => session,
    random: parts.random,
    secret: new Uint8Array(createHash("sha256").update(`self-test ${parts.uuid()}`).digest().subarray(0, 16)),
    allowedUntil: fence.openUntil,
  });
  const session: Session = createSession({
    address: config.coordinator.address,
    identity: parts.identity.current,
    nowMs: clock.monotonicMs,
    wallMs: clock.unixMs,
    random: parts.random,
    mostBackoffMs: timing.mostBackoffMs,
    hello: {
      agent: config.name,
      vantage: config.vantage,
      labels: { ...config.labels },
      version: VERSION,
      instance,
      spool: spoolName,
      get ipv4() {
        return network.ipv4;
      },
      get ipv6() {
        return network.ipv6;
      },
      maxPps: config.caps.packetsPerSecond,
      opened: config.open.map(formatPrefix),
      yields: true,
      selfTests: true,
      get referenceAddresses() {
        return selfTest.referenceAddresses().map((address) => Buffer.from(addressBytes(address)));
      },
    },
    handlers: {
      plan: book.plan,
      grant: book.grant,
      revoke: book.revoke,
      yield: book.yield,
      pause: book.pause,
      welcome({ stopAfterMs }) {
        fence.setStopAfterMs(stopAfterMs);
        book.forgetPauses();
        optOuts.sessionBegins();
        trouble.end("coordinator");
        isConnected = true;
        service.ready();
        log.info({ coordinator: config.coordinator.address, left: left.length }, "connected");
        selfTest.welcomed();
      },
      heldOptOuts: () => optOuts.list.hash,
      optOuts: optOuts.take,
      heartbeat(sequence) {
        const report = { leases: book.marks(sequence), stats: stats(), optOuts: optOuts.confirmed };
        fence.heartbeatSent(sequence);
        meter.heartbeatSent(sequence);
        return report;
      },
      acknowledged(sequence, coordinatorUs) {
        meter.heartbeatAcknowledged(sequence, coordinatorUs);
        fence.heartbeatAcknowledged(sequence);
        book.heartbeatAcknowledged(sequence);
      },
      disconnected(reason) {
        isConnected = false;
        selfTest.disconnected();
        trouble.begin("coordinator", reason);
      },
      problem: (line) => log.error(line),
      exchange: selfTest.exchange,
    },
  });

  parts.metrics?.attach(async () => ({
    process: processFacts(VERSION),
    ...{ agent: config.name, vantage: config.vantage, driver: network.driver.name ?? "" },
    nowMs: clock.unixMs(),
    connected: isConnected,
    network: network.stats(),
    packetsPerSecond: config.caps.packetsPerSecond,
    leases: book.running,
    ...{ shut: gate.shut, gatePauses: gate.pauses },
    spool: {
      ...spool.facts(),
      maxBytes: config.spool.maxBytes,
      freeBytes: await freeBytes(config.spool.folder).catch(() => null),
    },
    publisher: publisher.stats(),
    certificateExpiresMs: parts.identity.current().expiresMs,
    clock: meter.difference,
    selfTestPassed: selfTest.last === null ? null : selfTest.last.problem === "",
    troubles: trouble.count,
  }));
  service.begin(() => {
    const work = `${isConnected ? "connected" : "not connected"}, ${book.running} leases, ${spool.list().length} batches in the spool`;
    return trouble.summary === "" ? work : `${work}; ${trouble.summary}`;
  });
  const ending = new AbortController();
  const receiving = network.run(ending.signal);
  const lines = () => sendLines(ledger, spool, config.name);
  const keeping = keepBook(
    {
      ...{ book, publisher, spool, trouble, checkpointMs: timing.checkpointMs },
      ...{ sendLines: lines, linesMs: timing.linesMs, onCheckpoint: session.beat },
    },
    ending.signal,
  );
  const renewing = parts.identity.run(ending.signal);
  const testing = selfTest.run(ending.signal);
  try {
    await Promise.race([abortOf(signal), session.ended, receiving, keeping, failureOf(renewing), failureOf(testing)]);
  } finally {
    service.stopping();
    log.info({ leases: book.running }, "stopping: nothing is sent any more");
    await atMost(timing.windowMs, book.stop());
    ending.abort();
    await Promise.allSettled([receiving, keeping, renewing, testing]);
    await checkpoint(book, trouble, lines);
    const until = clock.monotonicMs() + timing.drainMs;
    while (spool.list().length > 0 && publisher.stats().connected && clock.monotonicMs() < until) {
      await clock.sleep(20);
    }
    await session.close(timing.farewellMs);
    await publisher.close();
    await network.close();
    log.info({ batches: spool.list().length }, "stopped; batches left in the spool are published next time");
  }
}

/** Resolves with `work`, or after `ms` without it. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const done = new AbortController();
  const timer = sleep(ms, undefined, { signal: done.signal }).catch(() => undefined);
  await Promise.race([work, timer]);
  done.abort();
}

/** Rejects as `work` does; its end is none of ours. */
function failureOf(work: Promise<void>): Promise<never> {
  return new Promise((_, reject) => work.catch(reject));
}

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) {
      resolve();
    }
  });
}

/** For the operator's list of agents. */
function buriedText(count: number, reason: string): string {
  const why = reason === "" ? "" : ` (${reason})`;
  return `${count} batches cannot be inserted${why} and are kept here: see \`parallax ingest dead list\``;
}
