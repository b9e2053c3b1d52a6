import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { startBroker } from "../../../coordinator/broker/broker.js";
import { createTestIdentity } from "../support/identity.js";

jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), "parallax-start-"));
let taken: Server;
let port: number;

beforeAll(async () => {
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  port = (taken.address() as AddressInfo).port;
});
afterAll(async () => {
  await new Promise((resolve) => taken.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** Tries `parallax up` on free ports but for those given. */
function tryUp(data: string, args: readonly string[]) {
  const free = ["api", "warehouse", "agents", "enrolment", "broker"].map((name) => `--${name}-port`);
  const ports = free.filter((option) => !args.includes(option)).flatMap((option) => [option, "0"]);
  const argv = ["dist/coordinator/main.js", "up", "--data", data, ...ports, ...args];
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, argv, { timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

function processesOf(data: string): string[] {
  return execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(data));
}

describe("a coordinator that cannot start", () => {
  it.each(["--broker-port", "--warehouse-port", "--agents-port", "--enrolment-port", "--api-port"])(
    "because %s is in use says so in one line and leaves nothing half-started",
    async (option) => {
      const data = join(folder, option);
      const { code, stdout, stderr } = await tryUp(data, [option, String(port)]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(new RegExp(`^parallax: .*${port}.*; .*\\n$`));
      expect(stderr).toContain(option);
      expect(processesOf(data)).toEqual([]);
      expect(existsSync(join(data, "up.json"))).toBe(false);
    },
  );

  it("because nats-server is missing names the script that installs it", async () => {
    const identity = await createTestIdentity();
    const broker = startBroker({
      folder: join(folder, "no-broker"),
      host: "127.0.0.1",
      port: 0,
      tls: identity.tls,
      accounts: await identity.brokerAccounts(),
      onExit: () => undefined,
      program: "nats-server-that-is-not-there",
    });
    await expect(broker).rejects.toMatchObject({
      message: "nats-server-that-is-not-there is not installed",
      remedy: "run deploy/setup.sh",
    });
    identity.remove();
  });
});
