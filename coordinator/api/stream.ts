import type { FastifyReply } from "fastify";
import { errorMessage, UserError } from "../../shared/errors.js";

/** Answers with a line for each value; stops when the reader goes. */
export async function stream(values: AsyncIterable<unknown>, reply: FastifyReply): Promise<void> {
  reply.hijack();
  const sink = reply.raw;
  sink.writeHead(200, { "Content-Type": "application/x-ndjson" });
  sink.flushHeaders();
  for await (const value of values) {
    if (sink.destroyed) return;
    sink.write(`${JSON.stringify(value)}\n`);
  }
  sink.end();
}

/** What goes wrong behind the first line can be told only by a last one. */
export async function* withFailure(values: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  try {
    yield* values;
  } catch (error) {
    const remedy = error instanceof UserError ? error.remedy : "see the coordinator's log";
    yield { failure: { error: errorMessage(error), remedy } };
  }
}
