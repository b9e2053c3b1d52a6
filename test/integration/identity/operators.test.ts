import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { OperatorView } from "../../../coordinator/api/operator-routes.js";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import { connect as connectSession } from "../session/player.js";
import { enrolled } from "../support/enrolled.js";
import { createTestIdentity } from "../support/identity.js";
import { startSystem, type TestSystem } from "../support/system.js";

jest.setTimeout(120_000);

interface Pems {
  readonly key: string;
  readonly certificate: string;
  readonly authority: string;
}

let system: TestSystem;
let ann: string;
let rita: string;

beforeAll(async () => {
  system = await startSystem();
  [ann, rita] = await Promise.all([added("ann"), added("rita", "--role", "reader")]);
  await system.startAgent("fra-1", "fra");
});
afterAll(() => system.stop());

/** Makes an operator; resolves with the folder. */
async function added(name: string, ...more: string[]): Promise<string> {
  const folder = join(system.folder, `operator-${name}`);
  await system.parallax("operators", "add", name, "--out", folder, ...more);
  return folder;
}

/** Options with which a command runs elsewhere: its data folder is not there. */
const as = (folder: string) => ["--server", system.operatorsUrl(), "--identity", folder];

function folderOf(name: string, { key, certificate, authority }: Pems): string {
  const folder = join(system.folder, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "operator.key"), key);
  writeFileSync(join(folder, "operator.crt"), certificate);
  writeFileSync(join(folder, "ca.crt"), authority);
  return folder;
}

function pemsOf(folder: string): Pems {
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  return { key: read("operator.key"), certificate: read("operator.crt"), authority: read("ca.crt") };
}

const port = () => Number(new URL(system.operatorsUrl()).port);

/** A request with any headers; what fetch does not let a program say. */
function request(folder: string, path: string, headers: Record<string, string>, method = "GET") {
  const { key, certificate: cert, authority: ca } = pemsOf(folder);
  const options = { host: "127.0.0.1", port: port(), path, method, headers, key, cert, ca, servername: "localhost" };
  return new Promise<{ status: number; headers: object; text: string }>((resolve, reject) => {
    httpsRequest(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    })
      .on("error", reject)
      .end();
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

const refusals = (reason: RegExp) => system.log().filter((line) => line.includes('"refused"') && reason.test(line));
const logged = (reason: RegExp) =>
  system.until(
    async () => refusals(reason),
    (lines) => lines.length > 0,
  );

async function begin(pps: number): Promise<string> {
  const text = `series: s\ntargets: { ipv4: [198.18.0.0/24] }\nports: [80]\nseed: 1\nrate: { perAgentPps: ${pps} }\n`;
  await system.until(
    () => system.api<unknown[]>("/v1/agents"),
    (agents) => agents.length === 1,
  );
  const file = join(system.folder, `campaign-${pps}.yaml`);
  writeFileSync(file, text);
  const { id } = await system.json<CampaignProgress>("campaign", "create", file, "--start", ...as(ann));
  return id;
}

describe("an operator's folder", () => {
  test("is its owner's alone, and what is in one is never overwritten", async () => {
    expect(statSync(ann).mode & 0o777).toBe(0o700);
    expect(readdirSync(ann).sort()).toEqual(["ca.crt", "operator.crt", "operator.key"]);
    for (const name of readdirSync(ann)) expect(statSync(join(ann, name)).mode & 0o777).toBe(0o600);
    const before = pemsOf(ann);
    expect(await system.run("operators", "add", "bob", "--out", ann)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/operator\.key is there already; name another folder with --out/),
    });
    expect(pemsOf(ann)).toEqual(before);
    expect((await system.json<OperatorView[]>("operators", "list")).map(({ name }) => name)).toEqual(["ann", "rita"]);
  });

  test("is not left behind where the coordinator makes no certificate", async () => {
    const folder = join(system.folder, "second-ann");
    expect(await system.run("operators", "add", "ann", "--out", folder)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/there is an operator ann already; choose another name/),
    });
    expect(readdirSync(system.folder)).not.toContain("second-ann");
  });
});

describe("an operator elsewhere", () => {
  test("makes, starts and watches a campaign, and every write is on record with who", async () => {
    const id = await begin(2_000);
    const { stdout } = await system.run("campaign", "watch", id, "--json", ...as(ann));
    const lines = stdout.trim().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ id, state: "finished" });
    const sql = "SELECT uniqExact(target) AS n FROM syn_replies";
    expect(await system.parallax("query", sql, "--format", "TSV", ...as(rita))).toBe("256\n");
    expect(await system.json("verify-ledger", id, ...as(rita))).toMatchObject({ ok: true });
    const writes = system.log().filter((line) => line.includes('"msg":"write"') && line.includes('"by":"ann"'));
    expect(writes.map((line) => JSON.parse(line).path)).toEqual(["/v1/campaigns", `/v1/campaigns/${id}/start`]);
  });

  test("who is a reader looks, queries and plans, and changes nothing", async () => {
    expect(await system.json("campaign", "list", ...as(rita))).toEqual(expect.any(Array));
    const plan = join(system.folder, "plan.yaml");
    writeFileSync(plan, "series: p\ntargets: { ipv4: [198.18.0.0/24] }\nports: [80]\nseed: 1\n");
    expect(await system.json("campaign", "plan", plan, ...as(rita))).toMatchObject({ problems: [] });
    for (const command of [
      ["campaign", "create", plan],
      ["enroll", "create", "--vantage", "x"],
      ["operators", "add", "eve", "--out", join(system.folder, "eve")],
      ["operators", "revoke", "ann"],
    ]) {
      expect(await system.run(...command, ...as(rita))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/operator rita is a reader: this would change something; ask an operator/),
      });
    }
    expect(await system.run("query", "DROP TABLE hosts", ...as(rita))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("DROP is not a statement that reads"),
    });
    expect(refusals(/rita/)).toHaveLength(1);
    expect(await system.json<OperatorView[]>("operators", "list")).toMatchObject([{ state: "valid" }, {}]);
  });

  test("who is revoked loses what it watches at once, without a restart, and is told why when it comes again", async () => {
    const gone = await added("gone");
    const id = await begin(2);
    const watching = spawn(process.execPath, [
      "dist/coordinator/main.js",
      ...["campaign", "watch", id, "--json"],
      ...as(gone),
    ]);
    let stderr = "";
    watching.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    await new Promise((resolve) => watching.stdout.once("data", resolve));
    const ended = new Promise<number | null>((resolve) => watching.once("exit", resolve));
    await system.api("/v1/operators/gone/revoke", {});
    const revokedMs = performance.now();
    expect(await ended).toBe(1);
    expect(performance.now() - revokedMs).toBeLessThan(2_000);
    expect(stderr).toMatch(/broke its answer off .*repeat the command/);
    for (let i = 0; i < 2; i++) {
      expect(await system.run("agents", ...as(gone))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^parallax: operator gone was revoked at .*Z; get a new one: [^\n]*\n$/),
      });
    }
    expect(refusals(/operator gone was revoked/)).toHaveLength(1);
    await system.parallax("campaign", "cancel", id, ...as(ann));
    const back = join(system.folder, "gone-2");
    await system.parallax("operators", "add", "gone", "--out", back);
    expect((await system.run("agents", ...as(back))).code).toBe(0);
    expect(await system.run("agents", ...as(gone))).toMatchObject({
      stderr: expect.stringMatching(/certificate of operator gone is not the one in force/),
    });
  });

  test("cannot take its own right away", async () => {
    expect(await system.run("operators", "revoke", "ann", ...as(ann))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/operator ann cannot revoke itself; let another operator do it/),
    });
  });
});

describe("the operators' port", () => {
  test("refuses an agent's certificate, and the agents' port an operator's", async () => {
    const agent = await enrolled(system.parallax, "sin-1", "sin");
    const folder = folderOf("agent-as-operator", agent);
    for (let i = 0; i < 2; i++) {
      expect(await system.run("agents", ...as(folder))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/certificate is that of agent sin-1, not an operator's; use the folder/),
      });
    }
    expect(refusals(/that of agent sin-1/)).toHaveLength(1);
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
    const foreign = folderOf("foreign", { key, certificate, authority: other.authority.certificate });
    expect(await system.run("agents", ...as(foreign))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/its certificate is of another authority than --identity; correct --server/),
    });
    const mixed = folderOf("mixed", { key, certificate, authority: pemsOf(ann).authority });
    for (let i = 0; i < 2; i++) {
      expect(await system.run("agents", ...as(mixed))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/it does not know your certificate; use the folder of a .parallax operators add/),
      });
    }
    await logged(/operators.*its certificate is of another authority/);
    expect(refusals(/operators.*its certificate is of another authority/)).toHaveLength(1);
    expect(await answerTo(GET, { key, cert: certificate })).toHaveLength(0);
  });

  test("refuses an expired certificate in the handshake; the client says so before it connects", async () => {
    const folder = await added("brief", "--expires", String(2 / 86_400));
    const brief = (await system.json<OperatorView[]>("operators", "list")).find(({ name }) => name === "brief");
    await system.until(
      async () => Date.now(),
      (nowMs) => nowMs > (brief?.expiresMs ?? Number.POSITIVE_INFINITY) + 1_000,
    );
    expect(await system.run("agents", ...as(folder))).toMatchObject({
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

  test("takes requests of its own names alone, and none from pages of other origins", async () => {
    const own = { Host: `localhost:${port()}` };
    const good = await request(ann, "/v1/status", own);
    expect(good.status).toBe(200);
    expect(Object.keys(good.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect((await request(ann, "/v1/status", { Host: "evil.example" })).status).toBe(403);
    const crossing = { ...own, Origin: "https://evil.example" };
    expect((await request(ann, "/v1/agents/fra-1/drain", crossing, "POST")).status).toBe(403);
    expect(await system.api("/v1/agents")).toMatchObject([{ agent: "fra-1", drain: "" }]);
    expect((await request(ann, "/v1/status", crossing, "OPTIONS")).status).toBe(403);
    expect((await request(ann, "/v1/status", { ...own, Origin: `https://localhost:${port()}` })).status).toBe(200);
  });
});

describe("the command line", () => {
  const wrong = (args: string[], stderr: RegExp) =>
    system.run("agents", ...args).then((output) => {
      expect(output).toMatchObject({ code: 2, stderr: expect.stringMatching(stderr) });
      expect(output.stderr.trim().split("\n")).toHaveLength(1);
    });

  test("says in one line what is wrong with where it is to go", async () => {
    const url = system.operatorsUrl();
    await wrong(["--server", url], /wants to know who you are; name the folder .* with --identity/);
    await wrong(["--server", url.replace("https", "http"), "--identity", ann], /is not encrypted; write https:/);
    await wrong(["--server", "nowhere", "--identity", ann], /is no coordinator's address; write https:/);
    await wrong(as(join(system.folder, "nothing")), /operator\.key cannot be read \(ENOENT\); name the folder/);
    const loopback = `https://${system.ports().api}`;
    expect(await system.run("agents", "--server", loopback, "--identity", ann)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/it does not speak TLS 1.3 and HTTP there; give the port of its --api-address/),
    });
    expect(await system.run("agents", "--server", "https://127.0.0.1:1", "--identity", ann)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/does not answer: .*ECONNREFUSED.*; check --server/),
    });
  });

  test("takes coordinator and identity from the environment as well", async () => {
    const env = { ...process.env, PARALLAX_SERVER: system.operatorsUrl(), PARALLAX_IDENTITY: rita };
    const child = spawn(process.execPath, ["dist/coordinator/main.js", "operators", "list", "--json"], { env });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    expect(await new Promise((resolve) => child.once("close", resolve))).toBe(0);
    expect((JSON.parse(stdout) as OperatorView[]).map(({ name }) => name)).toContain("rita");
  });
});
