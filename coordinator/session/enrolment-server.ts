import { Server } from "@grpc/grpc-js";
import type { Logger } from "pino";
import {
  type EnrollRequest,
  type EnrollResponse,
  EnrolmentServiceService,
} from "../../shared/generated/parallax/agent/v1/enrolment.js";
import type { IdentityDesk } from "../identity/desk.js";
import type { RefusalLog } from "../identity/refusal-log.js";
import { type AgentAddresses, credentialsMessage, enrolmentFrom } from "./credentials.js";
import { addressOf } from "./peer.js";
import { createRefuser } from "./refuse.js";
import type { ServerTls } from "./server.js";
import { openTlsPort, type TlsPort } from "./tls-port.js";

const LARGEST_MESSAGE_BYTES = 16_384;
const WHERE = "enrolment";

export interface EnrolmentServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls: ServerTls;
  readonly desk: Pick<IdentityDesk, "enroll">;
  readonly addresses: () => AgentAddresses;
  readonly log: Logger;
  readonly refused: RefusalLog;
}

/** Listens for machines that want to become agents; they have a token and no certificate. Rejects with UserError. */
export async function startEnrolmentServer(options: EnrolmentServerOptions): Promise<TlsPort> {
  const { desk, addresses, log, refused, tls } = options;
  const server = new Server({ "grpc.max_receive_message_length": LARGEST_MESSAGE_BYTES });
  server.addService(EnrolmentServiceService, {
    enroll: createRefuser(WHERE, refused).unary<EnrollRequest, EnrollResponse>(async (call) => {
      const from = addressOf(call.getPeer());
      const issued = await desk.enroll(enrolmentFrom(call.request), from);
      log.info({ agent: issued.record.name, vantage: issued.record.vantage, from }, "agent enrolled");
      return { credentials: credentialsMessage(issued, addresses()) };
    }),
  });
  const port = await openTlsPort(server, {
    what: WHERE,
    host: options.host,
    port: options.port,
    option: "--enrolment-port",
    key: tls.key,
    certificate: tls.certificate,
    clients: null,
    refused,
  });
  return {
    port: port.port,
    async stop() {
      server.forceShutdown();
      await port.stop();
    },
  };
}
