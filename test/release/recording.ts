import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";

/** The last release's, made by `npm run record:session`. */
export const RECORDING_FILE = "proto/released-session.json";

const schema = z.strictObject({
  version: z.string(),
  /** In the order in which the relay between the two had them; `bytes`: the message, protobuf in base64. */
  messages: z.array(z.strictObject({ from: z.enum(["agent", "coordinator"]), bytes: z.base64() })),
});

export interface RecordedMessage {
  readonly from: "agent" | "coordinator";
  readonly bytes: Buffer;
}

/** The session of an agent with its coordinator, as it went over the wire. */
export interface Recording {
  readonly version: string;
  readonly messages: readonly RecordedMessage[];
}

/** Throws when the file is not one. */
export function readRecording(file: string): Recording {
  const { version, messages } = schema.parse(JSON.parse(readFileSync(file, "utf8")));
  return { version, messages: messages.map(({ from, bytes }) => ({ from, bytes: Buffer.from(bytes, "base64") })) };
}

export function writeRecording(file: string, { version, messages }: Recording): void {
  const lines = messages.map(({ from, bytes }) => `    ${JSON.stringify({ from, bytes: bytes.toString("base64") })}`);
  writeFileSync(file, `{\n  "version": ${JSON.stringify(version)},\n  "messages": [\n${lines.join(",\n")}\n  ]\n}\n`);
}
