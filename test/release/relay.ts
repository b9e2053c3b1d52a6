import { Client, credentials, Server, type ServerDuplexStream } from "@grpc/grpc-js";
import type { AgentIdentity } from "../../agent/identity/identity.js";
import { channelTo } from "../../agent/session/client.js";
import type { ServerTls } from "../../coordinator/session/server.js";
import { openTlsPort } from "../../coordinator/session/tls-port.js";
import { RAW_SERVICE, RAW_SESSION } from "./raw-service.js";
import type { RecordedMessage } from "./recording.js";

/** Stands between an agent and its coordinator, and keeps what they say. */
export interface Relay {
  /** `host:port` for the agent. */
  readonly address: string;
  readonly messages: readonly RecordedMessage[];
  stop(): Promise<void>;
}

export interface RelayOptions {
  /** The coordinator's: the agent must take the relay for it. */
  readonly tls: ServerTls;
  /** The agent's: the coordinator must take the relay for it. */
  readonly identity: AgentIdentity;
  /** `host:port` of the coordinator. */
  readonly coordinator: string;
}

export async function startRelay({ tls, identity, coordinator }: RelayOptions): Promise<Relay> {
  const messages: RecordedMessage[] = [];
  const [authority, key, certificate] = [identity.authority, identity.key, identity.certificate].map((text) =>
    Buffer.from(text),
  );
  const secure = credentials.createSsl(authority, key, certificate);
  const client = new Client(coordinator, secure, channelTo(coordinator));
  const server = new Server();
  server.addService(RAW_SERVICE, {
    session(agent: ServerDuplexStream<Buffer, Buffer>) {
      const { path, requestSerialize, responseDeserialize } = RAW_SESSION;
      const onward = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
      agent.on("data", (bytes: Buffer) => {
        messages.push({ from: "agent", bytes });
        onward.write(bytes);
      });
      onward.on("data", (bytes: Buffer) => {
        messages.push({ from: "coordinator", bytes });
        agent.write(bytes);
      });
      agent.on("end", () => onward.end());
      onward.on("end", () => agent.end());
      agent.on("cancelled", () => onward.cancel());
      onward.on("error", (error) => agent.emit("error", error));
      agent.on("error", () => onward.cancel());
    },
  });
  const port = await openTlsPort(server, {
    ...{ what: "relay", host: "127.0.0.1", port: 0, option: "--port", refused: () => undefined },
    ...{ key: tls.key, certificate: tls.certificate, clients: tls.authority },
  });
  return {
    address: `127.0.0.1:${port.port}`,
    messages,
    async stop() {
      client.close();
      server.forceShutdown();
      await port.stop();
    },
  };
}
