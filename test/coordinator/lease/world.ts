import { applyChanges, encodeChange } from "../../../coordinator/lease/changes.js";
import { decodeSourceState, encodeSourceState, restartDeadlines } from "../../../coordinator/lease/codec.js";
import type { Lease } from "../../../coordinator/lease/lease.js";
import { transition } from "../../../coordinator/lease/machine.js";
import {
  type CoverageInterval,
  type LeaseEvent,
  newSource,
  type SourceState,
} from "../../../coordinator/lease/state.js";
import type { LeaseMarks } from "../../../shared/lease/work.js";

const TIMING = { leaseTtlMs: 15_000, goneAfterMs: 60_000 };
const STOP_AFTER_MS = 10_000;
/** Indices that an agent can send before it stops, after the last heartbeat that was acknowledged. */
const OVERRUN = 4;

interface HeldLease {
  readonly id: string;
  readonly epoch: number;
  readonly from: number;
  to: number;
  sent: number;
  done: number;
  committed: number;
  revoked: boolean;
  /** What the last acknowledged heartbeat said was sent. */
  acknowledgedSent: number;
  /** Asked to be given up: nothing more is sent. */
  yielding: boolean;
  endsAt: number | null;
}

/** An agent's process and its disk. What is on the disk outlives the process. */
interface Machine {
  readonly name: string;
  life: number;
  spool: number;
  alive: boolean;
  frozen: boolean;
  /** Nothing gets through in either direction, and neither side knows yet. */
  cut: boolean;
  session: number;
  sequence: number;
  /** When the last acknowledged heartbeat was made, or the welcome came. */
  acknowledgedAtMs: number;
  leases: HeldLease[];
  /** Leases of earlier lives with rows in the spool: committed moves on as the publisher works. */
  disk: HeldLease[];
}

interface Packet {
  readonly machine: Machine;
  readonly session: number;
  readonly sequence: number;
  readonly madeAtMs: number;
  readonly life: number;
  readonly marks: readonly LeaseMarks[];
}

/**
 * Agents, a network and a coordinator with nothing but the lease machine, driven by numbers. It keeps the truth (which
 * index was sent by whom, whose rows are committed) beside what the machine believes, and compares the two.
 */
export class World {
  state: SourceState;
  nowMs = 1_000_000;
  wallMs = 1_700_000_000_000;
  readonly machines: Machine[];
  readonly network: Packet[] = [];
  readonly accepted = new Map<string, { session: number; sequence: number }>();
  readonly committed = new Set<number>();
  readonly epochs: number[] = [];
  /** What the store was told, by the key that its table has: a row told again replaces the first. */
  readonly coverage = new Map<string, CoverageInterval>();
  /** `index epoch` of everything that was sent. */
  readonly sent = new Map<string, { readonly index: number; readonly epoch: number }>();
  /** The broker does not answer: nothing is stored, and nobody gets a grant. */
  brokerAway = false;
  /** Invariants are looked at once a round and not at each event. */
  finishing = false;
  /** What the control state has: a base and changes. The coordinator's memory may be ahead of it. */
  private stored: { readonly base: string; readonly changes: string[] };
  private storedState: SourceState;
  /** Grants wait until they are stored. */
  private waiting: {
    readonly machine: Machine;
    readonly session: number;
    readonly lease: Lease;
    readonly lost: boolean;
  }[] = [];

  constructor(size: number, agents: number) {
    this.state = newSource("c/synscan/v4/80", size);
    this.stored = { base: encodeSourceState(this.state), changes: [] };
    this.storedState = this.state;
    this.machines = Array.from({ length: agents }, (_, i) => ({
      name: `a${i}`,
      life: 0,
      spool: 0,
      alive: true,
      frozen: false,
      cut: false,
      session: 0,
      sequence: 0,
      acknowledgedAtMs: this.nowMs,
      leases: [],
      disk: [],
    }));
    for (const machine of this.machines) {
      this.connect(machine);
    }
  }

  apply(event: LeaseEvent): void {
    const { state, effects } = transition(this.state, event, TIMING);
    this.state = state;
    for (const effect of effects) {
      if (effect.type === "revoked") {
        const machine = this.machines.find((candidate) => candidate.name === effect.agent);
        const held = machine?.alive ? machine.leases.find((lease) => lease.id === effect.lease) : undefined;
        if (held !== undefined && machine?.frozen === false && !machine.cut) {
          held.revoked = true;
        }
      }
    }
    if (!this.finishing) {
      this.check();
    }
  }

  /** Opens a session; grants on the way are lost with the old one. */
  connect(machine: Machine): void {
    machine.session++;
    machine.sequence = 0;
    machine.cut = false;
    machine.acknowledgedAtMs = this.nowMs;
    this.accepted.set(machine.name, { session: machine.session, sequence: 0 });
    this.apply({ type: "hello", ...this.identity(machine), nowMs: this.nowMs });
    // As the coordinator does: nothing is granted before the first heartbeat of a session.
    this.heartbeat(machine);
    this.deliver(this.network.length - 1, false);
  }

  identity(machine: Machine) {
    return { agent: machine.name, instance: `${machine.life}`, spool: `${machine.spool}` };
  }

  request(machine: Machine, size: number, lost: boolean): void {
    if (!machine.alive) {
      return;
    }
    const before = [...this.state.leases];
    this.apply({
      type: "request",
      ...this.identity(machine),
      vantage: "v",
      size,
      overrun: OVERRUN,
      packetsPerSecond: 1,
      nowMs: this.nowMs,
      wallMs: this.wallMs,
    });
    const [lease] = this.state.leases.filter((candidate) => !before.includes(candidate));
    if (lease === undefined) {
      return;
    }
    this.waiting.push({ machine, session: machine.session, lease, lost });
  }

  /** The broker has acknowledged what the coordinator wrote: now its grants go out. */
  store(): void {
    if (this.brokerAway) {
      return;
    }
    if (this.storedState !== this.state) {
      this.stored.changes.push(encodeChange(this.storedState, this.state));
      this.storedState = this.state;
    }
    for (const { machine, session, lease, lost } of this.waiting) {
      this.epochs.push(lease.epoch);
      this.deliverGrant(machine, session, lease, lost);
    }
    this.waiting = [];
  }

  private deliverGrant(machine: Machine, session: number, { id, epoch, from, to, agent }: Lease, lost: boolean): void {
    if (this.state.leases.find(agent, id)?.phase !== "active" || machine.session !== session) {
      this.apply({ type: "withdrawn", agent, lease: id });
      return;
    }
    if (lost || machine.frozen || machine.cut || !machine.alive) {
      // The stream broke before the grant was read.
      machine.session++;
      machine.sequence = 0;
      return;
    }
    const marks = { sent: from, done: from, committed: from, acknowledgedSent: from };
    machine.leases.push({ id, epoch, from, to, ...marks, revoked: false, yielding: false, endsAt: null });
  }

  /** Asks for a lease back; an older agent does not understand it. */
  askBack(machine: Machine, understands: boolean): void {
    const lease = machine.leases[0];
    if (lease !== undefined && understands && machine.alive && !machine.frozen && !machine.cut) {
      lease.yielding = true;
    }
  }

  /** Sends, hears and publishes a little. */
  work(machine: Machine, amount: number): void {
    if (!machine.alive || machine.frozen) {
      return;
    }
    const maySend = this.nowMs - machine.acknowledgedAtMs < STOP_AFTER_MS;
    for (const lease of machine.leases) {
      if (maySend && !lease.revoked && !lease.yielding) {
        const to = Math.min(lease.to, lease.acknowledgedSent + OVERRUN, lease.sent + (amount % 7));
        for (let index = lease.sent; index < to; index++) {
          this.checkSend(machine, lease, index);
          this.sent.set(`${index} ${lease.epoch}`, { index, epoch: lease.epoch });
        }
        lease.sent = Math.max(lease.sent, to);
      }
      if (lease.yielding && !lease.revoked && lease.endsAt === null && amount % 3 === 0) {
        lease.endsAt = lease.done;
        lease.to = lease.done;
      }
      if (lease.endsAt === null) {
        lease.done = Math.min(lease.sent, lease.done + (amount % 5));
      }
    }
    this.publish(machine, amount % 4);
  }

  publish(machine: Machine, amount: number): void {
    for (const lease of [...machine.leases, ...machine.disk]) {
      const to = Math.min(lease.done, lease.committed + amount);
      for (let index = lease.committed; index < to; index++) {
        this.committed.add(index);
      }
      lease.committed = to;
    }
  }

  heartbeat(machine: Machine): void {
    if (!machine.alive || machine.frozen) {
      return;
    }
    machine.sequence++;
    const listed = [...machine.leases, ...machine.disk];
    this.network.push({
      machine,
      session: machine.session,
      sequence: machine.sequence,
      madeAtMs: this.nowMs,
      life: machine.life,
      marks: listed.map(({ id, epoch, sent, done, committed, endsAt }) => {
        return { lease: id, epoch, sent, done, committed, ...(endsAt === null ? {} : { endsAt }) };
      }),
    });
  }

  /** A second of undisturbed work. */
  cycle(machine: Machine, argument: number): void {
    if (machine.alive && !machine.frozen && !machine.cut) {
      this.request(machine, 3 + (argument % 6), false);
      this.work(machine, argument);
      this.heartbeat(machine);
      this.deliver(this.network.length - 1, argument % 7 === 0);
    }
  }

  /** Any packet may arrive, in any order, and once more; the session layer lets through what is newer only. */
  deliver(at: number, keep: boolean): void {
    const packet = this.network[at];
    if (packet === undefined) {
      return;
    }
    if (!keep) {
      this.network.splice(at, 1);
    }
    const { machine, session, sequence } = packet;
    const last = this.accepted.get(machine.name);
    if (machine.cut && session === machine.session) {
      return;
    }
    if (last?.session !== session || sequence <= last.sequence) {
      return;
    }
    this.accepted.set(machine.name, { session, sequence });
    this.apply({
      type: "heartbeat",
      agent: machine.name,
      instance: `${packet.life}`,
      marks: packet.marks,
      first: last.sequence === 0,
      nowMs: this.nowMs,
    });
    if (machine.alive && machine.session === session) {
      machine.acknowledgedAtMs = Math.max(machine.acknowledgedAtMs, packet.madeAtMs);
      for (const { lease, sent } of packet.marks) {
        const held = machine.leases.find(({ id }) => id === lease);
        if (held !== undefined) held.acknowledgedSent = Math.max(held.acknowledgedSent, sent);
      }
      const finished = (held: HeldLease) =>
        held.committed === (held.revoked ? held.done : held.to) &&
        packet.marks.some((marks) => marks.lease === held.id && marks.committed === held.committed);
      machine.leases = machine.leases.filter((held) => !finished(held));
      machine.disk = machine.disk.filter((held) => held.committed < held.done);
    }
  }

  crash(machine: Machine): void {
    machine.alive = false;
    machine.frozen = false;
    machine.disk.push(...machine.leases.filter((lease) => lease.committed < lease.done));
    machine.leases = [];
  }

  restart(machine: Machine, wiped: boolean): void {
    if (machine.alive) {
      this.crash(machine);
    }
    if (wiped) {
      machine.disk = [];
      machine.spool++;
    }
    machine.life++;
    machine.alive = true;
    // The spool tells which leases have rows, not how far they were done: that is what is in it.
    machine.disk = machine.disk.filter((lease) => lease.committed < lease.done);
    this.connect(machine);
  }

  /** The operator gives up a dead machine and what is on its disk. */
  retire(machine: Machine): void {
    if (!machine.alive) {
      this.apply({ type: "retire", agent: machine.name, nowMs: this.nowMs });
      machine.disk = [];
      machine.spool++;
    }
  }

  /** Nobody can ask what is free. */
  skip(): void {
    this.apply({ type: "skip", vantage: "v", reason: "refused" });
  }

  thaw(machine: Machine): void {
    if (machine.frozen) {
      machine.frozen = false;
      this.connect(machine);
    }
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.wallMs += ms;
    // The coordinator looks once a second; nothing else happens in between.
    this.apply({ type: "tick", nowMs: this.nowMs });
  }

  /** `through`: what was not acknowledged was stored all the same. */
  restartCoordinator(through: boolean): void {
    if (through) {
      this.stored.changes.push(encodeChange(this.storedState, this.state));
    }
    // What was not acknowledged is lost, and with it grants that nobody got.
    this.waiting = [];
    const found = applyChanges(decodeSourceState(this.stored.base), this.stored.changes);
    this.state = restartDeadlines(found, this.nowMs, TIMING);
    this.stored = { base: encodeSourceState(this.state), changes: [] };
    this.storedState = this.state;
    for (const machine of this.machines) {
      if (machine.alive && !machine.frozen) {
        this.connect(machine);
      }
    }
  }

  /** Every index that was sent is in the coverage of the lease that sent it: asked, or uncertain. */
  checkCoverage(): void {
    for (const { index, epoch } of this.sent.values()) {
      const isTold = (row: CoverageInterval) =>
        row.epoch === epoch && row.kind !== "skipped" && row.from <= index && index < row.to;
      if (![...this.coverage.values()].some(isTold)) {
        throw new Error(`index ${index} was sent under ${epoch}, and the coverage does not say so`);
      }
    }
  }

  /** Only what is in the control state is told: the rest may be lost in a crash, and end otherwise after it. */
  saveCoverage(): void {
    const durable = this.state.coverage.filter((row) => this.storedState.coverage.includes(row));
    for (const row of durable) this.coverage.set(`${row.kind} ${row.epoch} ${row.from}`, row);
    this.apply({ type: "coverage-saved", count: durable.length });
  }

  checkSend(machine: Machine, lease: HeldLease, index: number): void {
    const known = this.state.leases.find(machine.name, lease.id);
    if (known?.phase !== "active" || known.agent !== machine.name || index < known.done || index >= known.to) {
      throw new Error(`${machine.name} sends index ${index} of ${lease.id}, which is not leased to it`);
    }
  }

  /** What holds at any time. */
  check(): void {
    const { state } = this;
    const parts = [...state.free, ...state.leases, ...state.finished, ...state.skipped].sort(
      (a, b) => a.from - b.from || a.to - b.to,
    );
    let at = 0;
    for (const part of parts) {
      if (part.from !== at || part.to < part.from) {
        throw new Error(`indices are lost or held twice at ${at}: ${JSON.stringify(parts)}`);
      }
      at = part.to;
    }
    if (at !== state.size) {
      throw new Error(`the parts end at ${at} of ${state.size}`);
    }
    for (const { from, committed, done, sent, to } of state.leases) {
      if (!(from <= committed && committed <= done && done <= sent && sent <= to)) {
        throw new Error("marks out of order");
      }
    }
    for (const { from, to } of [
      ...state.finished,
      ...[...state.leases].map((lease) => ({ from: lease.from, to: lease.committed })),
    ]) {
      for (let index = from; index < to; index++) {
        if (!this.committed.has(index)) {
          throw new Error(`index ${index} counts as committed and is not`);
        }
      }
    }
  }
}
