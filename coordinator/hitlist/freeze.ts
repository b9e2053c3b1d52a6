import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import type { Prefix } from "../../shared/address/prefix.js";
import { parseBlocklistFile } from "../../shared/target/blocklist-file.js";
import { createAddressLines } from "./address-lines.js";
import { ADDRESS_BYTES, copyAddress } from "./address-list.js";
import { distinctAddresses, hashAddress } from "./distinct.js";
import { createJudge, type Judgement, type OpeningAgent } from "./judge.js";
import { createPartitions, type Partitions } from "./partitions.js";
import { type NamedFile, readText } from "./text-file.js";

/** Plain data: can be posted to a thread. */
export interface FreezeRequest {
  readonly hitlist: NamedFile;
  /** Aliased prefixes, one a line. */
  readonly aliased: NamedFile | null;
  /** Prefixes that the campaign leaves out (CIDR text). */
  readonly exclude: readonly string[];
  readonly agents: readonly OpeningAgent[];
  /** For the work files: as many bytes as the result. */
  readonly folder: string;
  /** File to write. */
  readonly result: string;
}

export interface FreezeCounts extends Readonly<Record<Judgement, number>> {
  /** Addresses in the hitlist, with repetitions. */
  readonly listed: number;
  /** Different ones. */
  readonly distinct: number;
}

/**
 * Reads a hitlist and writes what is to be asked of it: 16 bytes for each address, none twice, in an order that depends
 * on the addresses alone. Any number of lines takes the same memory, as the addresses wait in files: 20 million take
 * 20 s and 60 MB. Throws UserError (exit code 2) for what is wrong in the files; then nothing is left of the result.
 */
export async function freezeHitlist(request: FreezeRequest): Promise<FreezeCounts> {
  const judge = createJudge({ ...request, aliased: await readPrefixes(request.aliased) });
  const partitions = createPartitions(request.folder);
  try {
    const listed = await divide(request.hitlist, partitions);
    return { listed, ...writeKept(partitions, judge, request.result) };
  } catch (error) {
    rmSync(request.result, { force: true });
    throw error;
  } finally {
    partitions.close();
  }
}

async function readPrefixes(file: NamedFile | null): Promise<Prefix[]> {
  if (file === null) {
    return [];
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of readText(file)) pieces.push(piece.slice());
  return parseBlocklistFile(Buffer.concat(pieces).toString("utf8"), file.name).map(({ prefix }) => prefix);
}

async function divide(hitlist: NamedFile, partitions: Partitions): Promise<number> {
  let listed = 0;
  const lines = createAddressLines(hitlist.name, (address) => {
    listed++;
    partitions.add(address, hashAddress(address, 0));
  });
  for await (const piece of readText(hitlist)) lines.push(piece);
  lines.end();
  return listed;
}

function writeKept(
  partitions: Partitions,
  judge: (address: Uint8Array) => Judgement,
  result: string,
): Omit<FreezeCounts, "listed"> {
  const counts = { distinct: 0, kept: 0, special: 0, aliased: 0, excluded: 0 };
  const address = new Uint8Array(ADDRESS_BYTES);
  const file = openSync(result, "w", 0o600);
  try {
    for (const addresses of partitions.read()) {
      const kept = new Uint8Array(addresses.length);
      let length = 0;
      for (const place of distinctAddresses(addresses)) {
        copyAddress(addresses, place, address, 0);
        const judgement = judge(address);
        counts.distinct++;
        counts[judgement]++;
        if (judgement === "kept") {
          copyAddress(address, 0, kept, length);
          length += ADDRESS_BYTES;
        }
      }
      for (let at = 0; at < length; ) at += writeSync(file, kept, at, length - at);
    }
  } finally {
    closeSync(file);
  }
  return counts;
}
