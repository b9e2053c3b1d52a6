import { afterEach, describe, expect, it } from "@jest/globals";
import { type MetricsServer, metricsAddress, serveMetrics } from "../../../shared/metrics/server.js";

let server: MetricsServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

const EXPOSITION = { contentType: "text/plain; version=0.0.4; charset=utf-8", text: async () => "up 1\n" };

describe("the address of metrics", () => {
  it("is on loopback unless it is said", () => {
    expect(metricsAddress(":9464")).toEqual({ host: "127.0.0.1", port: 9464 });
    expect(metricsAddress("0.0.0.0:9464")).toEqual({ host: "0.0.0.0", port: 9464 });
    expect(metricsAddress("[::1]:0")).toEqual({ host: "::1", port: 0 });
  });

  it.each(["", "9464", "here:9464", "127.0.0.1", "127.0.0.1:70000", "127.0.0.1:x"])("is not %j", (text) => {
    expect(() => metricsAddress(text)).toThrow(/is no address with a port/);
  });
});

describe("the server of metrics", () => {
  it("answers at /metrics and nowhere else", async () => {
    server = await serveMetrics(EXPOSITION, { host: "127.0.0.1", port: 0 });
    const found = await fetch(server.url);
    expect([found.status, found.headers.get("content-type"), await found.text()]).toEqual([
      200,
      EXPOSITION.contentType,
      "up 1\n",
    ]);
    expect((await fetch(server.url.replace("/metrics", "/"))).status).toBe(404);
    expect((await fetch(server.url, { method: "POST" })).status).toBe(405);
  });

  it("says when a port is taken, with what to do", async () => {
    server = await serveMetrics(EXPOSITION, { host: "127.0.0.1", port: 0 });
    const port = Number(new URL(server.url).port);
    await expect(serveMetrics(EXPOSITION, { host: "127.0.0.1", port })).rejects.toMatchObject({
      message: `--metrics-address: cannot listen on port ${port} of 127.0.0.1 (EADDRINUSE)`,
      remedy: "name a free port and an address of this machine",
    });
  });

  it("answers 500 where the numbers cannot be had, and goes on", async () => {
    let broken = true;
    const text = async () => {
      if (broken) throw new Error("no numbers");
      return "up 1\n";
    };
    server = await serveMetrics({ ...EXPOSITION, text }, { host: "127.0.0.1", port: 0 });
    expect((await fetch(server.url)).status).toBe(500);
    broken = false;
    expect((await fetch(server.url)).status).toBe(200);
  });
});
