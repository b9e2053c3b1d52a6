import { DecodeError } from "../../shared/errors.js";
import type * as wire from "../../shared/generated/parallax/agent/v1/enrolment.js";
import type { CredentialWish, EnrolmentWish, IssuedCredentials } from "../identity/desk.js";

/** Where agents find the coordinator, and whom they trust. */
export interface AgentAddresses {
  /** `host:port` */
  readonly sessions: string;
  /** `tls://host:port` */
  readonly broker: string;
  /** PEM of the authority's certificate. */
  readonly authority: string;
}

const LONGEST_REQUEST_BYTES = 4_096;

/** Throws DecodeError. */
export function wishFrom(message: wire.CredentialRequest | undefined): CredentialWish {
  if (message === undefined) throw new DecodeError("the request for credentials is empty");
  if (message.certificateRequest.length > LONGEST_REQUEST_BYTES) {
    throw new DecodeError("the certificate request is too long");
  }
  return {
    certificateRequest: message.certificateRequest,
    brokerKey: message.brokerKey,
    clockMs: Number(message.clockMs),
  };
}

/** Throws DecodeError. */
export function enrolmentFrom({ request, ...said }: wire.EnrollRequest): EnrolmentWish {
  return { ...wishFrom(request), ...said };
}

export function credentialsMessage(issued: IssuedCredentials, addresses: AgentAddresses): wire.Credentials {
  return {
    name: issued.record.name,
    vantage: issued.record.vantage,
    certificate: issued.certificate,
    authority: addresses.authority,
    sessionAddress: addresses.sessions,
    brokerUrl: addresses.broker,
    brokerJwt: issued.brokerJwt,
  };
}
