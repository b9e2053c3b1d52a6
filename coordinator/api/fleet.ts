import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Drains } from "../session/drains.js";

/** What the operator does with an agent. */
export function fleetRoutes(server: FastifyInstance, { drains }: { readonly drains: Drains }): void {
  const name = ({ params }: FastifyRequest) => z.object({ name: z.string() }).parse(params).name;
  server.post("/v1/agents/:name/drain", (request) => drains.drain(name(request)));
  server.post("/v1/agents/:name/resume", (request) => drains.resume(name(request)));
}
