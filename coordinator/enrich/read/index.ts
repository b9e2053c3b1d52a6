import type { NamedFile } from "../../hitlist/text-file.js";
import type { FileContent, FileKind } from "../entry.js";
import { readAsRank } from "./asrank.js";
import { readMaxmind } from "./maxmind.js";
import { readNmap } from "./nmap.js";
import { readPeeringDb } from "./peeringdb.js";
import { readBgpdump, readIptoasn, readPfx2as } from "./prefix-lists.js";

/** Opens a file of a kind. Throws UserError, now or while it is read, for one that is of another kind or damaged. */
export function readFileOfKind(kind: FileKind, file: NamedFile): FileContent {
  switch (kind) {
    case "maxmind":
      return readMaxmind(file);
    case "pfx2as":
      return { date: null, entries: readPfx2as(file) };
    case "iptoasn":
      return { date: null, entries: readIptoasn(file) };
    case "bgpdump":
      return { date: null, entries: readBgpdump(file) };
    case "peeringdb":
      return { date: null, entries: readPeeringDb(file) };
    case "asrank":
      return { date: null, entries: readAsRank(file) };
    case "nmap":
      return readNmap(file);
  }
}
