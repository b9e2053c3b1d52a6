import { z } from "zod";
import { UserError } from "../errors.js";

const PREFIX = "plx1.";
/** A token is a line that people copy: longer ones are something else. */
const LONGEST_TOKEN = 2_000;

/** What an enrolment token says. */
export interface EnrolmentToken {
  /** Which one, among the coordinator's. */
  readonly id: string;
  /** Where agents enrol, `host:port`. */
  readonly address: string;
  /** SHA-256 of the coordinator's CA certificate in DER, in hexadecimal digits. */
  readonly fingerprint: string;
  /** 32 random bytes, base64url. */
  readonly secret: string;
}

const payload = z.tuple([
  z.string().min(1),
  z.string().regex(/^\S+:\d{1,5}$/),
  z.string().regex(/^[0-9a-f]{64}$/),
  z.string().regex(/^[\w-]{43}$/),
]);

/** `plx1.` and a base64url word. */
export function formatToken({ id, address, fingerprint, secret }: EnrolmentToken): string {
  return PREFIX + Buffer.from(JSON.stringify([id, address, fingerprint, secret])).toString("base64url");
}

/** @throws UserError with exit code 2 for a text that is none; the text is not repeated, it may be a secret. */
export function parseToken(text: string): EnrolmentToken {
  const word = text.trim();
  if (word.startsWith(PREFIX) && word.length <= LONGEST_TOKEN) {
    const value = parseJson(Buffer.from(word.slice(PREFIX.length), "base64url").toString());
    const parsed = payload.safeParse(value);
    if (parsed.success) {
      const [id, address, fingerprint, secret] = parsed.data;
      return { id, address, fingerprint, secret };
    }
  }
  throw new UserError("this is no enrolment token, or a piece of it is missing", {
    remedy: "copy the whole line that `parallax enroll create` printed; it begins with plx1.",
    exitCode: 2,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
