import { formatAddress } from "../../shared/address/address.js";
import { columns } from "../../shared/cli/table.js";
import { UserError } from "../../shared/errors.js";
import { createExchangeCounts, readExchanges, requireProbes } from "../../shared/exchange/read-exchanges.js";
import type { SentSyn } from "../../shared/exchange/sent-syn.js";
import { readCaptureFile } from "../../shared/pcap/file.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import type { SynVerdict, ViewVerdict } from "../../shared/verdict/names.js";
import { classifySynReply } from "../../shared/verdict/syn-reply.js";
import { viewVerdict } from "../../shared/verdict/view.js";

/** A target of a captured scan that answered; `--json` prints a line for each. */
export interface CapturedView {
  readonly target: string;
  readonly port: number;
  /** Of the variants that were asked. */
  readonly answers: Readonly<Partial<Record<Variant, SynVerdict>>>;
  readonly verdict: ViewVerdict;
}

export interface CapturedScan {
  /** In the order of their first probes. */
  readonly views: readonly CapturedView[];
  readonly asked: number;
  /** Answers whose probes are not in the capture. */
  readonly unpaired: number;
  /** Why reading ended before the file did, or null. */
  readonly problem: unknown;
}

interface AskedTarget {
  readonly address: Uint8Array;
  readonly port: number;
  readonly answers: Map<Variant, SynVerdict>;
  hasAnswer: boolean;
}

/** About a gigabyte. */
const MOST_TARGETS = 3_000_000;

/**
 * The verdicts that follow from a capture of a scan's probes and answers, whichever tool sent them. Of several answers
 * to a probe the first counts, but the target's before that of a router.
 * @throws UserError when the file cannot be read or holds no probe
 */
export function readCapturedScan(file: string): CapturedScan {
  const counts = createExchangeCounts();
  const targets = new Map<string, AskedTarget>();

  function targetOf({ ip, destinationPort: port }: SentSyn): AskedTarget {
    const key = `${String.fromCharCode(...ip.destination)}${port}`;
    const known = targets.get(key);
    if (known !== undefined) return known;
    if (targets.size >= MOST_TARGETS) {
      throw new UserError(`${file} holds more than ${MOST_TARGETS} targets`, {
        remedy: "cut it with tcpdump -r FILE -w PART and a filter",
      });
    }
    const made = { address: ip.destination, port, answers: new Map(), hasAnswer: false };
    targets.set(key, made);
    return made;
  }

  let problem: unknown = null;
  try {
    for (const event of readExchanges(readCaptureFile(file), counts)) {
      const target = targetOf(event.syn);
      const { variant } = event.syn;
      const known = target.answers.get(variant) ?? "no-reply";
      if (event.kind === "probe" || (known !== "no-reply" && known !== "unreachable")) {
        target.answers.set(variant, known);
        continue;
      }
      target.hasAnswer = true;
      target.answers.set(variant, classifySynReply(event.syn.question, event.packet).verdict);
    }
  } catch (error) {
    if (counts.probes === 0) throw error;
    problem = error;
  }
  requireProbes(file, counts);
  const answered = [...targets.values()].filter(({ hasAnswer }) => hasAnswer);
  return { views: answered.map(viewOf), asked: targets.size, unpaired: counts.unpaired, problem };
}

function viewOf({ address, port, answers }: AskedTarget): CapturedView {
  const asked = VARIANTS.filter((variant) => answers.has(variant));
  const of = (variant: Variant): SynVerdict => answers.get(variant) ?? "no-reply";
  const all = { v0: of("v0"), v1: of("v1"), plain: of("plain"), "unknown-option": of("unknown-option") };
  return {
    target: formatAddress(address),
    port,
    answers: Object.fromEntries(asked.map((variant) => [variant, of(variant)])),
    verdict: viewVerdict(all, asked),
  };
}

/** A row per target, a column per variant that was asked of any. */
export function printCapturedScan({ views, asked }: CapturedScan): string {
  const variants = VARIANTS.filter((variant) => views.some(({ answers }) => variant in answers));
  const rows = views.map(({ target, port, answers, verdict }) => [
    ...[target, String(port), ...variants.map((variant) => answers[variant] ?? "-"), verdict],
  ]);
  const table = views.length === 0 ? [] : [columns([["target", "port", ...variants, "verdict"], ...rows]), ""];
  return `${[...table, `${views.length} of ${asked} targets answered`].join("\n")}\n`;
}
