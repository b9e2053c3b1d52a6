import { z } from "zod";

const labels = z.record(z.string(), z.string());

/** What whoever made a token wants of the agents that it lets in; null: the agent says it itself, or there is no bound. */
const terms = z.object({
  name: z.string().nullable(),
  vantage: z.string().nullable(),
  /** Win over those of the agent's own file. */
  labels,
  /** Packets per second. */
  maxPps: z.number().nullable(),
  /** Addresses that the agent may connect from (CIDR). */
  sourcePrefix: z.string().nullable(),
});

export type Terms = z.infer<typeof terms>;

/** An enrolment token as the coordinator keeps it: its secret is known by its hash only. Times are Unix milliseconds. */
export const tokenRecord = z.object({
  id: z.string(),
  /** SHA-256 of the secret, hexadecimal. */
  hash: z.string(),
  createdMs: z.number(),
  expiresMs: z.number(),
  uses: z.number(),
  used: z.array(z.object({ agent: z.string(), atMs: z.number(), from: z.string() })),
  revokedMs: z.number().nullable(),
  terms,
});

export type TokenRecord = z.infer<typeof tokenRecord>;

/** An agent that was enrolled. */
export const agentRecord = z.object({
  name: z.string(),
  vantage: z.string(),
  labels,
  maxPps: z.number().nullable(),
  sourcePrefix: z.string().nullable(),
  /** Of the public key that its certificates are for; another one is another machine. */
  keyHash: z.string(),
  /** Public key at the broker. */
  brokerKey: z.string(),
  /** Keys that it had at the broker before, and when each was given up. */
  formerBrokerKeys: z.array(z.object({ key: z.string(), atMs: z.number() })),
  token: z.string(),
  enrolledMs: z.number(),
  renewedMs: z.number(),
  /** End of its newest certificate. */
  expiresMs: z.number(),
  revokedMs: z.number().nullable(),
});

export type AgentRecord = z.infer<typeof agentRecord>;

/** What an operator may do: a reader looks and queries, and changes nothing. */
export const operatorRole = z.enum(["operator", "reader"]);

export type OperatorRole = z.infer<typeof operatorRole>;

/** A person or program with a certificate for the HTTP API. Times are Unix milliseconds. */
export const operatorRecord = z.object({
  name: z.string(),
  role: operatorRole,
  /** Of the public key that the certificate is for. */
  keyHash: z.string(),
  createdMs: z.number(),
  /** Who had it made. */
  createdBy: z.string(),
  /** End of its certificate. */
  expiresMs: z.number(),
  revokedMs: z.number().nullable(),
});

export type OperatorRecord = z.infer<typeof operatorRecord>;
