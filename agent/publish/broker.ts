import { connect, jwtAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import type { AgentIdentity } from "../identity/identity.js";

/**
 * A connection that, once made, is kept up for ever: reconnects every second or so. Rejects when the broker cannot be
 * reached now or refuses the agent. Only the given address is dialled, because it may lead through a relay.
 */
export function connectBroker(url: string, identity: () => AgentIdentity): Promise<NatsConnection> {
  const { name, brokerSeed } = identity();
  return connect({
    servers: url,
    name,
    // Certificates and JWTs are renewed together; both are asked for at each connection, the first time and again.
    tls: {
      get ca() {
        return identity().authority;
      },
      get key() {
        return identity().key;
      },
      get cert() {
        return identity().certificate;
      },
    },
    authenticator: jwtAuthenticator(() => identity().brokerJwt, Buffer.from(brokerSeed)),
    // Answers come to the one place that the agent may listen at.
    inboxPrefix: `_INBOX.${name}`,
    timeout: 5_000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 1_000,
    ignoreAuthErrorAbort: true,
    ignoreClusterUpdates: true,
  });
}
