import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode, UserError } from "../../shared/errors.js";
import { holderOf } from "../identity/holder.js";

/** What an operator shows to a coordinator elsewhere; PEM, in files that curl and others take as well. */
export interface OperatorIdentity {
  readonly key: string;
  readonly certificate: string;
  /** Certificate of the coordinator's authority. */
  readonly authority: string;
}

const FILES = { key: "operator.key", certificate: "operator.crt", authority: "ca.crt" } as const;

/** Reads an operator's folder. @throws UserError when there is none, or it is of no use any more */
export function readOperatorFolder(folder: string, nowMs: number): OperatorIdentity {
  if (existsSync(join(folder, "identity.json")) && !existsSync(join(folder, FILES.key))) {
    throw new UserError(`${folder} holds an agent's identity, not an operator's`, {
      remedy: "name the folder that `parallax operators add` wrote with --identity",
      exitCode: 2,
    });
  }
  const read = (name: string): string => {
    const file = join(folder, name);
    try {
      return readFileSync(file, "utf8");
    } catch (cause) {
      throw new UserError(`${file} cannot be read (${errorCode(cause)})`, {
        remedy: "name the folder that `parallax operators add` wrote with --identity",
        exitCode: 2,
        cause,
      });
    }
  };
  const identity = { key: read(FILES.key), certificate: read(FILES.certificate), authority: read(FILES.authority) };
  const { name, endMs } = certificateIn(folder, identity.certificate);
  if (nowMs < endMs) return identity;
  throw new UserError(`the certificate of operator ${name} expired at ${new Date(endMs).toISOString()}`, {
    remedy: `if this machine's clock is right, get a new one: parallax operators add ${name}`,
  });
}

function certificateIn(folder: string, pem: string): { name: string; endMs: number } {
  try {
    const certificate = new X509Certificate(pem);
    return { name: holderOf(certificate.raw).name, endMs: Date.parse(certificate.validTo) };
  } catch (cause) {
    throw new UserError(`${join(folder, FILES.certificate)} is damaged`, {
      remedy: "get a new one with `parallax operators add`",
      exitCode: 2,
      cause,
    });
  }
}

/** An operator's folder that is being made: the key is on disk before anything is signed for it. */
export interface NewOperatorFolder {
  /** Puts the certificates beside the key. */
  finish(certificates: Omit<OperatorIdentity, "key">): void;
  /** Takes back what was written. */
  abandon(): void;
}

/** Begins a folder with a key that only this user reads. @throws UserError when one of its files is there already */
export function beginOperatorFolder(folder: string, key: string): NewOperatorFolder {
  const file = (name: keyof typeof FILES) => join(folder, FILES[name]);
  const there = Object.values(FILES).find((name) => existsSync(join(folder, name)));
  if (there !== undefined) {
    throw new UserError(`${join(folder, there)} is there already`, {
      remedy: "name another folder with --out; a key is never overwritten",
      exitCode: 2,
    });
  }
  const write = (name: keyof typeof FILES, text: string): void => {
    try {
      writeFileSync(file(name), text, { flag: "wx", mode: 0o600 });
    } catch (cause) {
      throw new UserError(`${file(name)} cannot be written (${errorCode(cause)})`, {
        remedy: "name another folder with --out",
        exitCode: 2,
        cause,
      });
    }
  };
  const made = makeFolder(folder);
  write("key", key);
  return {
    finish({ certificate, authority }) {
      write("authority", authority);
      // Last: where there is a certificate the folder is whole.
      write("certificate", certificate);
    },
    abandon() {
      rmSync(file("key"), { force: true });
      if (made) rmdirSync(folder);
    },
  };
}

/** True when it was not there before. */
function makeFolder(folder: string): boolean {
  try {
    return mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined;
  } catch (cause) {
    throw new UserError(`the folder ${folder} cannot be made (${errorCode(cause)})`, {
      remedy: "name another one with --out",
      exitCode: 2,
      cause,
    });
  }
}
