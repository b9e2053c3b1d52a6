import { columns } from "../../shared/cli/table.js";
import { changeWords } from "../../shared/verdict/words.js";
import type { Dossier, Dossiers } from "./document.js";
import {
  distanceWords,
  fingerprintWords,
  minuteWords,
  networkWords,
  placeWords,
  portLines,
  quoteWords,
  scanWords,
} from "./words.js";

/** Dossiers as a person reads them. Ends with a newline. */
export function printDossiers({ campaign, vantages, dossiers, boxes, knowledge }: Dossiers): string {
  if (dossiers.length === 0) return `Campaign ${campaign}: no trace shows a box\n`;
  const rest = boxes - dossiers.length;
  return [
    `Campaign ${campaign}: ${boxes} box${boxes === 1 ? "" : "es"}, seen from ${vantages.join(", ")}`,
    ...dossiers.map(
      (dossier, at) => `\n${at + 1}. ${placeWords(dossier)}\n${columns(rowsOf(dossier, vantages.length))}`,
    ),
    ...(rest > 0 ? [`\n${rest} more with --all`] : []),
    `\nNetworks and places: ${knowledge.join("; ") || "unknown"}\n`,
  ].join("\n");
}

function rowsOf(dossier: Dossier, vantages: number): string[][] {
  const { after, before, behaviour, fingerprints, segmentSizes, seenFrom, targets, paths, reverseName } = dossier;
  return [
    ...behaviour.map(({ condition, paths: n }) => [`${n} path${n === 1 ? "" : "s"}`, changeWords(condition)]),
    ...(segmentSizes.length > 0 ? [["segment size", segmentSizes.join(", ")]] : []),
    ...fingerprints.map((name) => ["looks like", fingerprintWords(name)]),
    ["network", networkWords(dossier)],
    ...(reverseName === null ? [] : [["name", reverseName]]),
    ["last clean", after.join(", ") || "none but the vantage point"],
    ["first changed", before.join(", ")],
    ["quotes", quoteWords(dossier.quote)],
    ...seenFrom.map((distance) => [`from ${distance.vantage}`, distanceWords(distance)]),
    ["seen", `by ${seenFrom.length} of ${vantages} vantage points, on ${paths} paths to ${targets} targets`],
    ["first, last", `${minuteWords(dossier.firstSeenMs)}, ${minuteWords(dossier.lastSeenMs)}${inOthers(dossier)}`],
    ["confidence", dossier.confidence.toFixed(2)],
    ...dossier.scans.flatMap((scan) => [
      [`nmap ${scan.address}`, scanWords(scan)],
      ...portLines(scan).map((line) => ["", line]),
    ]),
  ];
}

function inOthers({ campaigns }: Dossier): string {
  return campaigns.length < 2 ? "" : `, in ${campaigns.length} campaigns: ${campaigns.join(", ")}`;
}
