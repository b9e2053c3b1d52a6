import type { Prefix } from "../../shared/address/prefix.js";
import { DecodeError, errorMessage } from "../../shared/errors.js";
import { type OptOutList, optOutList, unpackOptOuts } from "../../shared/optout/list.js";
import { readOptOuts, writeOptOuts } from "./file.js";

/** A piece of the coordinator's list, as it came. */
export interface OptOutPart {
  readonly revision: number;
  readonly hash: string;
  /** From 0. */
  readonly part: number;
  readonly parts: number;
  readonly packed: Uint8Array;
}

/** Who has opted out, at an agent: on its disk, and in force from its start on, whether a coordinator is there or not. */
export interface OptOutKeeper {
  readonly list: OptOutList;
  /** Revision that came in this session, is on the disk and holds in every sending thread; 0: none yet. */
  readonly confirmed: number;
  /** A session begins: the coordinator leaves out a list that is the one held. */
  sessionBegins(): void;
  /** Takes a part; with the last one the list is in force. Throws DecodeError for parts that make no list. */
  take(part: OptOutPart): void;
}

export interface OptOutKeeperOptions {
  readonly file: string;
  /** Resolves when nobody of these is sent to any more. */
  readonly leaveOut: (prefixes: readonly Prefix[]) => Promise<void>;
  readonly report: (problem: string) => void;
}

/** Puts the list of the disk into force. Throws UserError when its file is damaged. */
export function openOptOutKeeper({ file, leaveOut, report }: OptOutKeeperOptions): OptOutKeeper {
  let list = readOptOuts(file);
  let confirmed = 0;
  /** Sessions, so that what began in one is not confirmed in the next. */
  let session = 0;
  let parts: OptOutPart[] = [];
  void leaveOut(list.prefixes);

  const put = (next: OptOutList, revision: number): void => {
    list = next;
    const during = session;
    const inForce = leaveOut(next.prefixes);
    try {
      writeOptOuts(file, next);
    } catch (error) {
      report(`the opt-outs hold, but cannot be kept in ${file}: ${errorMessage(error)}`);
      return;
    }
    void inForce.then(() => {
      if (session === during) confirmed = revision;
    });
  };

  return {
    get list() {
      return list;
    },
    get confirmed() {
      return confirmed;
    },
    sessionBegins() {
      session++;
      parts = [];
      confirmed = 0;
    },
    take(part) {
      if (part.part === 0) parts = [];
      const [first = part] = parts;
      const isNext = part.part === parts.length && part.part < part.parts && part.hash === first.hash;
      if (!isNext) {
        parts = [];
        throw new DecodeError(`part ${part.part} of ${part.parts} of the opt-outs does not follow the last one`);
      }
      parts.push(part);
      if (parts.length < part.parts) return;
      const { revision, hash } = part;
      const packed = Buffer.concat(parts.map((one) => one.packed));
      parts = [];
      const sent = unpackOptOuts(revision, hash, packed);
      if (revision >= list.revision) {
        put(sent, revision);
        return;
      }
      report(`the coordinator's opt-outs are older (${revision}) than those held here (${list.revision}): both hold`);
      put(optOutList(list.revision, [...list.prefixes, ...sent.prefixes]), revision);
    },
  };
}
