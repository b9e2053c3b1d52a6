import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { connect, type DetailedPeerCertificate } from "node:tls";
import { errorMessage, UserError } from "../../shared/errors.js";
import { hostOf } from "./client.js";

/** A chain of certificates is the server's and its authority's. */
const LONGEST_CHAIN = 8;

/**
 * Fetches the authority's certificate from a coordinator, known by its fingerprint alone: what the connection says
 * otherwise is not believed, and nothing is sent over it.
 * @param fingerprint SHA-256 of the certificate in DER, hexadecimal
 * @returns PEM
 * @throws UserError when nobody answers, or somebody else does
 */
export async function fetchAuthority(address: string, fingerprint: string, waitMs: number): Promise<string> {
  const host = hostOf(address);
  const leaf = await new Promise<DetailedPeerCertificate>((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(address.slice(address.lastIndexOf(":") + 1)),
      ...(isIP(host) ? {} : { servername: host }),
      ALPNProtocols: ["h2"],
      // The fingerprint below decides, whatever chain and name this certificate has.
      rejectUnauthorized: false,
    });
    const fail = (reason: string, cause?: unknown) => {
      socket.destroy();
      reject(
        new UserError(`the coordinator at ${address} cannot be reached (${reason})`, {
          remedy: "start it with `parallax up`, let the port through, or give its address with --address",
          cause,
        }),
      );
    };
    socket.setTimeout(waitMs, () => fail("no answer"));
    socket.once("error", (error) => fail(errorMessage(error), error));
    socket.once("secureConnect", () => {
      resolve(socket.getPeerCertificate(true));
      socket.end();
    });
  });
  let certificate = leaf;
  for (let i = 0; i < LONGEST_CHAIN && certificate?.raw !== undefined; i++) {
    if (createHash("sha256").update(certificate.raw).digest("hex") === fingerprint) {
      return `-----BEGIN CERTIFICATE-----\n${certificate.raw.toString("base64")}\n-----END CERTIFICATE-----\n`;
    }
    if (certificate.issuerCertificate === certificate) break;
    certificate = certificate.issuerCertificate;
  }
  throw new UserError(`${address} is not the coordinator that made the token: it has another certificate`, {
    remedy: "use a token of the coordinator there; if the address is right, somebody stands between",
  });
}
