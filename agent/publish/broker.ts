import { connect, type NatsConnection } from "@nats-io/transport-node";

/** Where the broker is. */
export interface BrokerAddress {
  /** For instance "nats://192.0.2.1:4222". */
  readonly url: string;
  readonly token: string;
}

/**
 * A connection that, once made, is kept up for ever: reconnects every second or so. Rejects when the broker cannot be
 * reached now or refuses the token. Only the given address is dialled, because it may lead through a relay.
 */
export function connectBroker(address: BrokerAddress, name: string): Promise<NatsConnection> {
  return connect({
    servers: address.url,
    token: address.token,
    name,
    timeout: 5_000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 1_000,
    ignoreAuthErrorAbort: true,
    ignoreClusterUpdates: true,
  });
}
