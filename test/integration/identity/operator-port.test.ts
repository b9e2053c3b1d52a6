import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { OperatorView } from "../../../coordinator/api/operator-routes.js";
import { connect as connectSession } from "../session/player.js";
import { enrolled } from "../support/enrolled.js";
import { createTestIdentity } from "../support/identity.js";
import { addOperator, as, folderOf, pemsOf, refusals } from "../support/operators.js";
import { startSystem, type TestSystem } from "../support/system.js";

jest.setTimeout(120_000);

let system: TestSystem;
let ann: string;

beforeAll(async () => {
  system = await startSystem();
  ann = await addOperator(system, "ann");
  await system.startAgent("fra-1", "fra");
  await system.until(
    () => system.api<unknown[]>("/v1/agents"),
    (agents) => agents.length === 1,
  );
});
afterAll(() => system.stop());

const port = () => Number(new URL(system.operatorsUrl()).port);

/** The status of a request with any headers, to either listener by somebody who is let in, and the answer's headers. */
function request(listener: "elsewhere" | "loopback", path: string, headers: Record<string, string>, method = "GET") {
  const { key, certificate: cert, authority: ca } = pemsOf(ann);
  const [host, loopbackPort] = (system.ports().api ?? "").split(":");
  const token = readFileSync(join(system.data, "operator.token"), "utf8");
  const started =
    listener === "elsewhere"
      ? httpsRequest({ host, port: port(), path, method, headers, key, cert, ca, servername: "localhost" })
      : httpRequest({
          host,
          port: loopbackPort,
          path,
          method,
          headers: { ...headers, Authorization: `Bearer ${token}` },
        });
  return new Promise<{ status: number | undefined; headers: string[] }>((resolve, reject) => {
    started.once("response", (answer) => {
      answer.resume();
      answer.once("end", () => resolve({ status: answer.statusCode, headers: Object.keys(answer.headers) }));
    });
    started.once("error", reject);
    started.end();
  });
}

/** What comes back before the other side ends the connection. */
function answerTo(send: string, tls: { key?: string; cert?: string } | null): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket =
      tls === null
        ? connectPlain({ host: "127.0.0.1", port: port() })
        : connectTls({ host: "127.0.0.1", port: port(), rejectUnauthorized: false, ...tls });
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    // Being refused is what is looked for; what was sent meanwhile may be lost.
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(Buffer.concat(chunks)));
    socket.write(send);
  });
}

const GET = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

const logged = (reason: RegExp) =>
  system.until(
    async () => refusals(system, reason),
    (lines) => lines.length > 0,
  );

describe("the operators' port", () => {
  test("refuses an agent's certificate, and the agents' port an operator's", async () => {
    const agent = await enrolled(system.parallax, "sin-1", "sin");
    const folder = folderOf(system, "agent-as-operator", agent);
    for (let i = 0; i < 2; i++) {
      expect(await system.run("agents", ...as(system, folder))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/certificate is that of agent sin-1, not an operator's; use the folder/),
      });
    }
    expect(refusals(system, /that of agent sin-1/)).toHaveLength(1);
    // Not even that it is well.
    const healthz = GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    const answer = await answerTo(healthz, { key: agent.key, cert: agent.certificate });
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 403 /);
    const [, agentsPort] = (system.ports().agents ?? "").split(":");
    const player = connectSession(Number(agentsPort), pemsOf(ann), { agent: "ann", vantage: "fra" });
    expect(await player.ended).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: expect.stringMatching(/ann is no agent of this coordinator/),
    });
    player.close();
  });

  test("refuses certificates of another authority in the handshake; the client says which side's it is", async () => {
    const other = await createTestIdentity();
    const { key, certificate } = await other.authority.issueOwn();
    other.remove();
    const foreign = folderOf(system, "foreign", { key, certificate, authority: other.authority.certificate });
    expect(await system.run("agents", ...as(system, foreign))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/its certificate is of another authority than --identity; correct --server/),
    });
    const mixed = folderOf(system, "mixed", { key, certificate, authority: pemsOf(ann).authority });
    for (let i = 0; i < 2; i++) {
      expect(await system.run("agents", ...as(system, mixed))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/it does not know your certificate; use the folder of a .parallax operators add/),
      });
    }
    await logged(/operators.*its certificate is of another authority/);
    expect(refusals(system, /operators.*its certificate is of another authority/)).toHaveLength(1);
    expect(await answerTo(GET, { key, cert: certificate })).toHaveLength(0);
  });

  test("refuses an expired certificate in the handshake; the client says so before it connects", async () => {
    const folder = await addOperator(system, "brief", "--expires", String(2 / 86_400));
    const brief = (await system.json<OperatorView[]>("operators", "list")).find(({ name }) => name === "brief");
    await system.until(
      async () => Date.now(),
      (nowMs) => nowMs > (brief?.expiresMs ?? Number.POSITIVE_INFINITY) + 1_000,
    );
    expect(await system.run("agents", ...as(system, folder))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/certificate of operator brief expired at .*get a new one: parallax operators add/),
    });
    const { key, certificate: cert } = pemsOf(folder);
    expect(await answerTo(GET, { key, cert })).toHaveLength(0);
    await logged(/operators.*its certificate has expired/);
  });

  test("answers nobody without a certificate but by the handshake, and plain HTTP not at all", async () => {
    expect(await answerTo(GET, {})).toHaveLength(0);
    await logged(/operators.*it has no certificate/);
    const plain = await answerTo(GET, null);
    // An alert of TLS (RFC 8446 section 5.1: content type 21) is all that there may be.
    if (plain.length > 0) expect(plain[0]).toBe(21);
    expect(plain.length).toBeLessThan(16);
    await logged(/operators.*it speaks HTTP without TLS/);
  });
});

describe.each(["elsewhere", "loopback"] as const)("the listener for operators (%s)", (listener) => {
  test("takes requests of its own names alone, and none from pages of other origins", async () => {
    const [scheme, at] = listener === "elsewhere" ? ["https", port()] : ["http", system.ports().api?.split(":")[1]];
    const own = { Host: `localhost:${at}` };
    const good = await request(listener, "/v1/status", own);
    expect(good.status).toBe(200);
    expect(good.headers.filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect((await request(listener, "/v1/status", { Host: `127.0.0.1:${at}` })).status).toBe(200);
    expect((await request(listener, "/v1/status", { ...own, Origin: `${scheme}://localhost:${at}` })).status).toBe(200);
    expect((await request(listener, "/v1/status", { Host: "evil.example" })).status).toBe(403);
    const crossing = { ...own, Origin: "https://evil.example" };
    const preflight = await request(listener, "/v1/agents/fra-1/drain", crossing, "OPTIONS");
    expect(preflight).toMatchObject({ status: 403 });
    expect((await request(listener, "/v1/agents/fra-1/drain", crossing, "POST")).status).toBe(403);
    expect(await system.api("/v1/agents")).toMatchObject([{ agent: "fra-1", drain: "" }]);
  });
});
