import { credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { nkeys } from "@nats-io/transport-node";
import { UserError } from "../../shared/errors.js";
import {
  type CredentialRequest,
  type Credentials,
  type EnrollRequest,
  type EnrollResponse,
  EnrolmentServiceClient,
} from "../../shared/generated/parallax/agent/v1/enrolment.js";
import type { RenewResponse } from "../../shared/generated/parallax/agent/v1/session.js";
import type { EnrolmentToken } from "../../shared/identity/token.js";
import {
  createKeyPair,
  createRequest,
  importKeyPair,
  type KeyPair,
  privateKeyPem,
} from "../../shared/identity/x509.js";
import { VERSION } from "../../shared/version.js";
import { type AgentIdentity, certificateEndMs } from "../identity/identity.js";
import { fetchAuthority } from "./authority.js";
import { channelTo, createClient } from "./client.js";
import { refusalOf } from "./refused.js";

const WAIT_MS = 15_000;
/** A connection that breaks while the answer is on its way: the same request again gets the same answer. */
const ATTEMPTS = 3;

export interface EnrolmentOptions {
  readonly token: EnrolmentToken;
  /** Where to enrol in place of the token's address: the end of a relay. */
  readonly address: string | null;
  /** Null: the token names them. */
  readonly name: string | null;
  readonly vantage: string | null;
  /** The name where neither `name` nor the token says one. */
  readonly hostname: string | null;
  readonly nowMs: () => number;
}

/**
 * Makes this machine's keys and has the coordinator sign for them. The private halves stay here.
 * @throws UserError when it cannot be reached, is another one, or does not want this machine
 */
export async function enroll({ token, name, vantage, nowMs, ...options }: EnrolmentOptions): Promise<AgentIdentity> {
  const address = options.address ?? token.address;
  const authority = await fetchAuthority(address, token.fingerprint, WAIT_MS);
  const keys = await createKeyPair();
  const brokerSeed = seedOf(nkeys.createUser());
  const client = new EnrolmentServiceClient(address, credentials.createSsl(Buffer.from(authority)), channelTo(address));
  try {
    const request: EnrollRequest = {
      token: token.id,
      secret: token.secret,
      name: name ?? "",
      vantage: vantage ?? "",
      request: await requestFor(keys, name ?? "agent", brokerSeed, nowMs()),
      version: VERSION,
      hostName: options.hostname ?? "",
    };
    const answer = await repeated(address, () =>
      unary<EnrollResponse>((done) => client.enroll(request, new Metadata(), deadline(), done)),
    );
    return identityFrom(address, answer.credentials, { key: await privateKeyPem(keys), brokerSeed }, nowMs());
  } finally {
    client.close();
  }
}

/** New credentials for the same keys. `address` is where sessions are held. @throws UserError */
export async function renew(address: string, current: AgentIdentity, nowMs: () => number): Promise<AgentIdentity> {
  const client = createClient(address, current);
  try {
    const keys = await importKeyPair(current.key);
    const request = { request: await requestFor(keys, current.name, current.brokerSeed, nowMs()) };
    const answer = await unary<RenewResponse>((done) => client.renew(request, new Metadata(), deadline(), done)).catch(
      (error: ServiceError) => {
        throw callError(address, error);
      },
    );
    return identityFrom(address, answer.credentials, current, nowMs());
  } finally {
    client.close();
  }
}

async function requestFor(keys: KeyPair, name: string, brokerSeed: string, nowMs: number): Promise<CredentialRequest> {
  return {
    certificateRequest: await createRequest(keys, { unit: "agent", name }),
    brokerKey: nkeys.fromSeed(Buffer.from(brokerSeed)).getPublicKey(),
    clockMs: BigInt(nowMs),
  };
}

function identityFrom(
  address: string,
  answer: Credentials | undefined,
  { key, brokerSeed }: Pick<AgentIdentity, "key" | "brokerSeed">,
  nowMs: number,
): AgentIdentity {
  if (answer === undefined || answer.certificate === "") {
    throw new UserError(`the coordinator at ${address} answered without credentials`, {
      remedy: "install a version of parallax-agent that goes with this coordinator",
    });
  }
  const { name, vantage, certificate, authority, sessionAddress, brokerUrl, brokerJwt } = answer;
  return {
    ...{ name, vantage, key, certificate, authority, sessionAddress, brokerUrl, brokerSeed, brokerJwt },
    issuedMs: nowMs,
    expiresMs: certificateEndMs(certificate),
  };
}

async function repeated<T>(address: string, call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const failure = error as ServiceError;
      if (attempt === ATTEMPTS || failure.code !== status.UNAVAILABLE) throw callError(address, failure);
    }
  }
}

function callError(address: string, error: ServiceError): UserError {
  return (
    refusalOf(address, error.code, error.details) ??
    new UserError(`the coordinator at ${address} cannot be reached (${error.details})`, {
      remedy: "start it with `parallax up`, or let the port through",
      cause: error,
    })
  );
}

function unary<T>(call: (done: (error: ServiceError | null, answer: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, answer) => (error === null ? resolve(answer) : reject(error)));
  });
}

function deadline(): { deadline: number } {
  return { deadline: Date.now() + WAIT_MS };
}

function seedOf(key: { getSeed(): Uint8Array }): string {
  return Buffer.from(key.getSeed()).toString();
}
