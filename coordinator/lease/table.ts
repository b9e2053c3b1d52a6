import type { Lease } from "./lease.js";

/** Agents are spread over groups, of which a change copies one; when one has more agents than this, there are twice as many. */
const MOST_IN_GROUP = 32;

type Group = ReadonlyMap<string, readonly Lease[]>;

/**
 * The leases of a source, by agent. A table never changes: `with` and `without` give another one, at the cost of one
 * agent's group, so that a heartbeat of one agent costs nothing for the leases of a thousand others.
 */
export class LeaseTable implements Iterable<Lease> {
  readonly size: number;
  readonly #groups: readonly Group[];

  private constructor(groups: readonly Group[], size: number) {
    this.#groups = groups;
    this.size = size;
  }

  static from(leases: Iterable<Lease>): LeaseTable {
    let table = new LeaseTable([new Map()], 0);
    for (const lease of leases) table = table.with(lease);
    return table;
  }

  /** Those of one agent, oldest first. */
  of(agent: string): readonly Lease[] {
    return this.#groups[groupOf(agent, this.#groups.length)]?.get(agent) ?? [];
  }

  find(agent: string, id: string): Lease | undefined {
    return this.of(agent).find((lease) => lease.id === id);
  }

  /** Adds a lease, or puts it in the place of the one with its id. */
  with(lease: Lease): LeaseTable {
    const before = this.of(lease.agent);
    const at = before.findIndex(({ id }) => id === lease.id);
    return at < 0
      ? this.#replace(lease.agent, [...before, lease], 1)
      : this.#replace(lease.agent, before.with(at, lease), 0);
  }

  without({ agent, id }: Pick<Lease, "agent" | "id">): LeaseTable {
    const before = this.of(agent);
    const after = before.filter((lease) => lease.id !== id);
    return after.length === before.length ? this : this.#replace(agent, after, -1);
  }

  *[Symbol.iterator](): Iterator<Lease> {
    for (const group of this.#groups) {
      for (const leases of group.values()) yield* leases;
    }
  }

  some(which: (lease: Lease) => boolean): boolean {
    for (const lease of this) if (which(lease)) return true;
    return false;
  }

  filter(which: (lease: Lease) => boolean): Lease[] {
    return [...this].filter(which);
  }

  /** Leases that are new or not the same as in an earlier table, and those that are gone since. */
  changesSince(before: LeaseTable): { readonly changed: readonly Lease[]; readonly gone: readonly Lease[] } {
    const changed: Lease[] = [];
    const gone: Lease[] = [];
    const sameGroups = this.#groups.length === before.#groups.length;
    for (const agent of sameGroups ? this.#agentsUnlike(before) : new Set([...this.#agents(), ...before.#agents()])) {
      const [now, then] = [this.of(agent), before.of(agent)];
      if (now !== then) {
        changed.push(...now.filter((lease) => !then.includes(lease)));
        gone.push(...then.filter(({ id }) => !now.some((lease) => lease.id === id)));
      }
    }
    return { changed, gone };
  }

  #agents(): string[] {
    return this.#groups.flatMap((group) => [...group.keys()]);
  }

  /** Agents of the groups that another table of as many groups does not share. */
  *#agentsUnlike(other: LeaseTable): Generator<string> {
    for (const [i, group] of this.#groups.entries()) {
      const theirs = other.#groups[i];
      if (group !== theirs) yield* new Set([...group.keys(), ...(theirs?.keys() ?? [])]);
    }
  }

  #replace(agent: string, leases: readonly Lease[], more: number): LeaseTable {
    const at = groupOf(agent, this.#groups.length);
    const group = new Map(this.#groups[at]);
    if (leases.length > 0) group.set(agent, leases);
    else group.delete(agent);
    const groups = this.#groups.with(at, group);
    return new LeaseTable(group.size > MOST_IN_GROUP ? spread(groups) : groups, this.size + more);
  }
}

function spread(groups: readonly Group[]): Group[] {
  const more = Array.from({ length: 2 * groups.length }, () => new Map<string, readonly Lease[]>());
  for (const group of groups) {
    for (const [agent, leases] of group) more[groupOf(agent, more.length)]?.set(agent, leases);
  }
  return more;
}

/** FNV-1a of the name. */
function groupOf(agent: string, groups: number): number {
  if (groups === 1) return 0;
  let hash = 0x811c9dc5;
  for (let i = 0; i < agent.length; i++) hash = Math.imul(hash ^ agent.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % groups;
}
