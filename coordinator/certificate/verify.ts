import { createHash } from "node:crypto";
import { errorMessage, UserError } from "../../shared/errors.js";
import { scanSources } from "../campaign/sources.js";
import { type CampaignSpec, parseCampaign } from "../campaign/spec.js";
import { type Certificate, type CertifiedSource, canonicalText, certificateSchema } from "./document.js";
import { fingerprint, isSigned } from "./key.js";
import { countsOf } from "./pieces.js";

/** What a certificate was found to say. */
export interface CertificateReport {
  readonly campaign: string;
  readonly state: string;
  /** SHA-256 of the signer's public key: compare it with the one that the operator gives. */
  readonly fingerprint: string;
  readonly sources: readonly Pick<CertifiedSource, "id" | "size" | "counts">[];
  /** Everything that is wrong with it; none: it holds. */
  readonly problems: readonly string[];
}

/** Checks a certificate with nothing but itself. Throws UserError for a text that is none. */
export function verifyCertificate(text: string, expectedFingerprint?: string): CertificateReport {
  const certificate = read(text);
  const { signature, ...body } = certificate;
  const signer = fingerprint(signature.publicKey);
  return {
    campaign: body.manifest.campaign,
    state: body.manifest.state,
    fingerprint: signer,
    sources: body.sources.map(({ id, size, counts }) => ({ id, size, counts })),
    problems: [
      ...(isSigned(canonicalText(body), signature) ? [] : ["the signature is not of this content"]),
      ...(expectedFingerprint === undefined || signer === expectedFingerprint
        ? []
        : [`it is signed by ${signer}, not by ${expectedFingerprint}`]),
      ...manifestProblems(certificate),
      ...body.sources.flatMap((source) => sourceProblems(source).map((problem) => `${source.id}: ${problem}`)),
    ],
  };
}

function read(text: string): Certificate {
  try {
    return certificateSchema.parse(JSON.parse(text));
  } catch (cause) {
    const [what] = errorMessage(cause).split("\n");
    throw new UserError(`this is no coverage certificate of this version: ${what}`, {
      remedy: "name a file that `parallax campaign certificate` wrote",
      exitCode: 2,
      cause,
    });
  }
}

function manifestProblems({ manifest, sources }: Certificate): string[] {
  const problems: string[] = [];
  const wrongIf = (is: boolean, problem: string): void => {
    if (is) problems.push(problem);
  };
  wrongIf(sha256(manifest.spec) !== manifest.specHash, "the specification is not what its hash says");
  wrongIf(sha256(JSON.stringify(manifest.ranges)) !== manifest.rangesHash, "the ranges are not what their hash says");
  wrongIf(new Set(sources.map(({ id }) => id)).size !== sources.length, "a source is there twice");
  wrongIf(
    manifest.ranges.some(([first, last], i) => first > last || first <= (manifest.ranges[i - 1]?.[1] ?? -1)),
    "the ranges are not ascending",
  );
  const spec = specOf(manifest.spec, problems);
  if (spec === null) return problems;
  wrongIf(spec.series !== manifest.series, "the series is not that of the specification");
  if (manifest.startedAt === null || manifest.state !== "finished") return problems;
  const { ranges, addresses6, vantages } = manifest;
  for (const wanted of scanSources({ spec, ranges, addresses6, vantages })) {
    const found = sources.find(({ id }) => id === wanted.id);
    wrongIf(found === undefined, `the source ${wanted.id} of the specification is missing`);
    wrongIf(
      found !== undefined && (found.size !== wanted.size || found.kind !== (wanted.list === null ? "space" : "list")),
      `${wanted.id}: it has ${wanted.size} targets by the manifest, not ${found?.size}`,
    );
  }
  return problems;
}

function specOf(text: string, problems: string[]): CampaignSpec | null {
  try {
    return parseCampaign(text);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(`the specification cannot be read: ${error.message}`);
    return null;
  }
}

function sourceProblems({ size, pieces, repeated, counts }: CertifiedSource): string[] {
  const problems: string[] = [];
  let at = 0;
  for (const { from, to, kind, reason } of pieces) {
    if (from > at) problems.push(`nothing is said of the indices from ${at} to ${from}`);
    if (from < at) problems.push(`the indices from ${from} to ${at} are there twice`);
    if (to <= from) problems.push(`a piece at ${from} is empty`);
    if (kind !== "asked" && reason === "") problems.push(`there is no reason for what is ${kind} from ${from} on`);
    at = to;
  }
  if (at !== size) problems.push(`the pieces end at ${at}, and N is ${size}`);
  if (repeated.some(({ from, to }) => from >= to || to > size))
    problems.push("a repeated interval lies outside [0, N)");
  if (canonicalText(countsOf(pieces, repeated)) !== canonicalText(counts)) {
    problems.push("the counts are not those of the pieces");
  }
  return problems;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
