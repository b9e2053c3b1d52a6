import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createScanLab, type Ended, type ScanLab } from "./scan-lab.js";

describe("how parallax-agent scan sends", () => {
  let lab: ScanLab;
  const folder = mkdtempSync(join(tmpdir(), "parallax-scan-network-"));
  const path = (name: string): string => join(folder, name);
  const config = path("agent.yaml");
  beforeAll(() => {
    lab = createScanLab();
    writeFileSync(config, 'open: [198.18.0.0/15, "2001:2::/48"]\n');
  }, 60_000);
  afterAll(() => {
    lab.destroy();
    rmSync(folder, { recursive: true });
  });

  const scan = (...args: string[]): Promise<Ended> =>
    lab.run(["scan", "--config", config, "-q", "-c", "1", "-p", "80", "198.18.0.0/30", "2001:2:0:1::8/127", ...args]);

  const verdicts = ({ stdout }: Ended): string[] =>
    stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const { saddr, variant, verdict, daddr } = JSON.parse(line) as Record<string, string>;
        return `${saddr} ${variant} ${verdict} ${daddr}`;
      })
      .sort();

  it.each(["xdp", "packet", "portable"])("finds the same with the driver %s", async (driver) => {
    const ended = await scan("--driver", driver, "-m", path("meta.json"));
    const expected = ["198.18.0.0", "198.18.0.1", "198.18.0.2", "198.18.0.3", "2001:2:0:1::8", "2001:2:0:1::9"].flatMap(
      (host) =>
        ["v0 plain", "v1 claims-v1", "plain plain", "unknown-option plain"].map(
          (found) => `${host} ${found} ${host.includes(":") ? "2001:db8:7::1" : "192.0.2.1"}`,
        ),
    );
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(verdicts(ended)).toEqual(expected.sort());
    expect(JSON.parse(readFileSync(path("meta.json"), "utf8"))).toMatchObject({
      driver,
      packets_sent: 24,
    });
  });

  it("sends from addresses of the interface that were named, and refuses others", async () => {
    const named = await scan("--source-ip", "192.0.2.1,2001:db8:7::1");
    expect(verdicts(named)).toHaveLength(24);
    const refused = await scan("--source-ip", "192.0.2.7");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("192.0.2.7 is not an address of");
    expect(refused.stderr).toContain("take one of: ");
    expect(refused.stderr).toContain("192.0.2.1");
  });

  it("sends to the MAC address that was named, and to no other", async () => {
    lab.synsArrived();
    const lost = await scan("--gateway-mac", "02:00:00:00:00:99", "--retries", "0", "-m", path("meta.json"));
    expect(lost).toMatchObject({ code: 0, stdout: "" });
    expect(lab.synsArrived()).toBe(0);
    const meta = JSON.parse(readFileSync(path("meta.json"), "utf8")) as Record<string, unknown>;
    expect(meta).toMatchObject({ gateway_mac: "02:00:00:00:00:99", packets_sent: 24 });
  });

  it("cannot send to a MAC address with the portable driver", async () => {
    const refused = await scan("--gateway-mac", "02:00:00:00:00:99", "--driver", "portable");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("the portable driver sends to the router of the kernel's own route");
  });
});
