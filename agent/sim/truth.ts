import type { Variant } from "../../shared/probe/variant.js";
import { viewVerdict } from "../../shared/verdict/view.js";
import { type Course, courseOf, type Sight } from "./course.js";
import type { Path } from "./path.js";
import type { SimChange, SimTruth } from "./world.js";

const MPTCP_FIELD = "tcp.option.mptcp";

/** What SYNs and traces over a path must find: the views' words, and intervals as comparisons give them. */
export function truthOf(path: Path, address: Uint8Array, port: number): SimTruth {
  const course = (variant: Variant): Course => courseOf(path, variant, address, port);
  const [v0, v1, plain, unknown] = [course("v0"), course("v1"), course("plain"), course("unknown-option")];
  const changes = [v0, v1, plain].flatMap(({ sights }) => quotedChanges(sights));
  for (const withOption of [v0, v1]) changes.push(...endings(withOption, plain));
  const distinct = new Map(changes.map((change) => [JSON.stringify(change), change]));
  const answers = { v0: v0.verdict, v1: v1.verdict, plain: plain.verdict, "unknown-option": unknown.verdict };
  return { answers, view: viewVerdict(answers), changes: [...distinct.values()] };
}

/** Per field, the first quote that shows it changed and the last one before that shows it as sent. */
function quotedChanges(sights: readonly Sight[]): SimChange[] {
  const found = new Map<string, SimChange>();
  for (const sight of sights) {
    for (const [field, ending] of dirtyFields(sight)) {
      if (found.has(field)) continue;
      found.set(field, {
        condition: `${field}.${ending}`,
        after: lastClean(sights, field, sight.ttl, ending === "removed"),
        before: sight.address,
      });
    }
  }
  return [...found.values()];
}

/** What tells that a box stopped the option, or sent it back. */
function endings(course: Course, control: Course): SimChange[] {
  const { sights, verdict, end } = course;
  const found = (ending: string, before: { ttl: number; address: string }): SimChange[] => [
    {
      condition: `${MPTCP_FIELD}.${ending}`,
      after: lastClean(sights, MPTCP_FIELD, before.ttl),
      before: before.address,
    },
  ];
  if (verdict === "echo" || verdict === "altered-echo") return found("echoed", end);
  if (control.verdict !== "plain" || (verdict !== "no-reply" && verdict !== "rst")) return [];
  const endsAt = verdict === "rst" ? end.ttl : (sights.at(-1)?.ttl ?? 0) + 1;
  const before = control.sights.find(({ ttl }) => ttl >= endsAt) ?? control.end;
  return found(verdict === "rst" ? "reset" : "blocked", before);
}

/** `shows`: any quote shows it, as what is cut out makes the packet shorter. */
function lastClean(sights: readonly Sight[], field: string, before: number, shows = false): string | null {
  const clean = sights.findLast(
    (sight) => sight.ttl < before && (shows || isVisible(sight, field)) && !dirtyFields(sight).has(field),
  );
  return clean?.address ?? null;
}

/** Where fields of a SYN of the `linux` profile end, in bytes behind the IP header; options not named here lie last. */
const FIELD_ENDS: Readonly<Record<string, number>> = {
  "tcp.port.source": 2,
  "tcp.seq": 8,
  "tcp.reserved": 13,
  "tcp.window": 16,
  "tcp.urgent": 20,
  "tcp.option.mss": 24,
};
const LONGEST_HEADER = 60;
/** The byte that tells how long the options are. */
const DATA_OFFSET_END = 13;

function isVisible({ quotedBytes }: Sight, field: string): boolean {
  return quotedBytes === null || field.startsWith("ip.") || quotedBytes >= (FIELD_ENDS[field] ?? LONGEST_HEADER);
}

/**
 * A quote that ends before the TCP header's length shows by its IP header that the packet has become shorter: by the
 * MPTCP option, if the control next to it stays as it is.
 */
function dirtyFields(sight: Sight): ReadonlyMap<string, string> {
  const { dirty } = sight.syn;
  if (sight.quotedBytes === null) return dirty;
  const shown = new Map([...dirty].filter(([field]) => isVisible(sight, field)));
  const removed = [...dirty].flatMap(([field, ending]) => (ending === "removed" ? [field] : []));
  if (removed.length === 0 || sight.quotedBytes >= DATA_OFFSET_END) return shown;
  if (removed.length === 1 && removed[0] === MPTCP_FIELD) shown.set(MPTCP_FIELD, "removed");
  else shown.set("ip.length", "changed");
  return shown;
}
