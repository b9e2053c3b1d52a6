import { randomUUID } from "node:crypto";
import { createWriteStream, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Worker } from "node:worker_threads";
import { UserError } from "../../shared/errors.js";
import { type AddressList, listInFile } from "./address-list.js";
import type { FreezeCounts, FreezeRequest } from "./freeze.js";
import type { FreezeReply } from "./freeze-thread.js";
import type { OpeningAgent } from "./judge.js";

/** A file that was sent to the coordinator. */
export interface SentFile {
  /** What `receive` gave. */
  readonly id: string;
  /** What the sender calls it. */
  readonly name: string;
}

export interface FrozenHitlist {
  /** What is to be asked, while the result is not released. */
  readonly list: AddressList;
  readonly counts: FreezeCounts;
  release(): void;
}

/** The hitlists of campaigns that are being made. */
export interface Hitlists {
  /** Keeps a file until it is used once or the coordinator starts again. Resolves with its id. */
  receive(content: Readable): Promise<string>;
  /** Reads sent files, which are gone afterwards. Rejects with UserError (exit code 2) for what is wrong in them. */
  freeze(request: {
    readonly hitlist: SentFile;
    readonly aliased: SentFile | null;
    readonly exclude: readonly string[];
    readonly agents: readonly OpeningAgent[];
  }): Promise<FrozenHitlist>;
}

export interface HitlistsOptions {
  /** A folder of its own: emptied now. It takes the files and, while one is read, twice 16 bytes an address. */
  readonly folder: string;
  /** Does the work; in a thread unless said, as a coordinator that is busy for seconds loses its agents. */
  readonly freeze?: (request: FreezeRequest) => Promise<FreezeCounts>;
}

export function createHitlists({ folder, freeze = freezeInThread }: HitlistsOptions): Hitlists {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pathOf = (id: string): string => join(folder, `${id}.sent`);
  const find = ({ id, name }: SentFile) => {
    if (/^[0-9a-f-]{36}$/.test(id) && existsSync(pathOf(id))) return { path: pathOf(id), name };
    throw new UserError(`${name} was not sent along, or is used already`, { remedy: "send it again", exitCode: 2 });
  };

  return {
    async receive(content) {
      const id = randomUUID();
      try {
        await pipeline(content, createWriteStream(pathOf(id), { mode: 0o600 }));
      } catch (error) {
        rmSync(pathOf(id), { force: true });
        throw error;
      }
      return id;
    },
    async freeze({ hitlist, aliased, exclude, agents }) {
      const files = { hitlist: find(hitlist), aliased: aliased === null ? null : find(aliased) };
      const result = join(folder, `${randomUUID()}.frozen`);
      try {
        const counts = await freeze({ ...files, exclude, agents, folder, result });
        return { list: listInFile(result, counts.kept), counts, release: () => rmSync(result, { force: true }) };
      } finally {
        rmSync(files.hitlist.path, { force: true });
        if (files.aliased !== null) rmSync(files.aliased.path, { force: true });
      }
    },
  };
}

/** Young objects of this work die at once: a small space for them saves 50 MB. */
const YOUNG_MB = 4;

function freezeInThread(request: FreezeRequest): Promise<FreezeCounts> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./freeze-thread.js", import.meta.url), {
      workerData: request,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker.once("message", (reply: FreezeReply) => {
      if ("counts" in reply) resolve(reply.counts);
      else reject(new UserError(reply.error.message, reply.error));
    });
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the thread that reads hitlists ended early")));
  });
}
