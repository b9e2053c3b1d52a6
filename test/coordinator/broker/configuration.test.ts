import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { writeConfiguration } from "../../../coordinator/broker/configuration.js";

describe("the broker's configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), "parallax-broker-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const written = (version: string): string => {
    const account = { key: "A", jwt: "jwt" };
    const accounts = { operator: "jwt", system: account, coordinator: account, agents: account };
    const tls = { key: "key", certificate: "certificate", authority: "authority" };
    const settings = { folder, host: "127.0.0.1", port: 4_222, tls, accounts };
    return readFileSync(writeConfiguration(settings, version), "utf8");
  };

  it("has every message on the disk before it is acknowledged, where nats-server can: from 2.10 on", () => {
    for (const version of ["nats-server: v2.10.0\n", "nats-server: v2.12.3\n", "nats-server: v3.0.0\n"]) {
      expect(written(version)).toMatch(/^jetstream \{.*, sync_interval: always \}$/m);
    }
    for (const version of ["nats-server: v2.9.10\n", "nats-server: v1.4.1\n", "something else"]) {
      expect(written(version)).not.toContain("sync_interval");
    }
  });
});
