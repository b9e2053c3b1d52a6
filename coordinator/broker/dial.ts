import { connect, jwtAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import type { KeyAndCertificate } from "../identity/authority.js";
import type { BrokerUser } from "../identity/broker-accounts.js";

/** How this process shows itself to the broker. */
export interface BrokerClient extends KeyAndCertificate {
  /** PEM of the authority. */
  readonly authority: string;
  readonly user: BrokerUser;
}

/** A connection of the coordinator's own, which reconnects for ever once it was made. */
export function dialBroker(url: string, client: BrokerClient, name = "coordinator"): Promise<NatsConnection> {
  return connect({
    servers: url,
    name,
    tls: { ca: client.authority, key: client.key, cert: client.certificate },
    authenticator: jwtAuthenticator(client.user.jwt, Buffer.from(client.user.seed)),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    ignoreClusterUpdates: true,
  });
}
