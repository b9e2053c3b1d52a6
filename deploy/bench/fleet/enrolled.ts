import { nkeys } from "@nats-io/transport-node";
import { type AgentIdentity, certificateEndMs } from "../../../agent/identity/identity.js";
import type { Terms } from "../../../coordinator/identity/records.js";
import type { Identity } from "../../../coordinator/identity/service.js";
import { createTokenDesk } from "../../../coordinator/identity/tokens.js";
import { parseToken } from "../../../shared/identity/token.js";
import { createKeyPair, createRequest, privateKeyPem } from "../../../shared/identity/x509.js";

const NO_TERMS: Terms = { name: null, vantage: null, labels: {}, maxPps: null, sourcePrefix: null };
const NOWHERE = "127.0.0.1:1";

/** Enrols an agent as its coordinator's port would, without a connection; one of the same name is replaced. */
export async function enrolledDirectly(
  { registry, authority, desk }: Pick<Identity, "registry" | "authority" | "desk">,
  { name, vantage, terms = {} }: { name: string; vantage: string; terms?: Partial<Terms> },
  nowMs: () => number,
): Promise<AgentIdentity> {
  const { fingerprint, certificate } = authority;
  const tokens = createTokenDesk(registry, { address: NOWHERE, fingerprint }, nowMs);
  const wish = { uses: 1, lifetimeMs: 60_000, terms: { ...NO_TERMS, name, ...terms } };
  const { id: token, secret } = parseToken(tokens.create(wish).token);
  const keys = await createKeyPair();
  const brokerKey = nkeys.createUser();
  const certificateRequest = await createRequest(keys, { unit: "agent", name });
  const asked = { certificateRequest, brokerKey: brokerKey.getPublicKey(), clockMs: nowMs() };
  const issued = await desk.enroll({ ...asked, token, secret, name, vantage, hostName: "" }, "127.0.0.1");
  return {
    ...{ name, vantage, key: await privateKeyPem(keys), authority: certificate },
    certificate: issued.certificate,
    sessionAddress: NOWHERE,
    brokerUrl: `tls://${NOWHERE}`,
    brokerSeed: Buffer.from(brokerKey.getSeed()).toString(),
    brokerJwt: issued.brokerJwt,
    issuedMs: nowMs(),
    expiresMs: certificateEndMs(issued.certificate),
  };
}
