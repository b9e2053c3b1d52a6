import { get } from "node:http";
import { createConnection } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { infoPage } from "../../../agent/info/page.js";
import { type InfoServer, serveInfoPage } from "../../../agent/info/server.js";

const FACTS = {
  contact: { email: "noc@example.net", url: "https://example.net/scan?a=1&b=2" },
  packetsPerSecond: 10_000,
  ports: [80, 443],
  blockedPrefixes: 12,
};

describe("the info page", () => {
  it("says who answers for the probes, what they are, and how to opt out", () => {
    const page = infoPage(FACTS);
    expect(page).toContain("mailto:noc@example.net");
    expect(page).toContain("https://example.net/scan?a=1&#38;b=2");
    expect(page).toContain("TCP SYN");
    expect(page).toContain("MP_CAPABLE");
    expect(page).toContain("How to opt out");
    expect(page).toContain("12 prefixes");
    expect(page).toContain("ports 80, 443");
    expect(page).toContain("10000 packets per second");
  });

  it("does not let a setting become markup", () => {
    const contact = { email: '"><script>@example.net', url: "https://example.net/'<b>" };
    const page = infoPage({ ...FACTS, contact });
    expect(page).not.toContain("<script>");
    expect(page).not.toContain("<b>");
  });
});

describe("the info page's server", () => {
  let server: InfoServer;
  beforeAll(async () => {
    server = await serveInfoPage("<p>hello</p>", { port: 0, address: "127.0.0.1" });
  });
  afterAll(() => server.close());

  const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${server.port}${path}`, init);

  it("answers GET / with the page, which may load and run nothing", async () => {
    const response = await ask("/");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("<p>hello</p>");
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(response.headers.get("connection")).toBe("close");
  });

  it.each(["/index.html", "/../etc/passwd", "/%2e%2e/", "//", "*", "/?/../x"])(
    "at %s there is nothing else",
    async (path) => {
      // `fetch` would tidy these up before it sends them.
      const status = await new Promise((resolve, reject) => {
        get({ host: "127.0.0.1", port: server.port, path }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).on("error", reject);
      });
      expect(status).toBe(path.startsWith("/?") ? 200 : 404);
    },
  );

  it.each(["POST", "PUT", "DELETE", "HEAD"])("takes no %s", async (method) => {
    const response = await ask("/", { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET");
  });

  it("answers nonsense with an error and goes on", async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = createConnection(server.port, "127.0.0.1", () => socket.write("\u0000\u0001 nonsense\r\n\r\n"));
      let text = "";
      socket.on("data", (data) => {
        text += data.toString();
      });
      socket.on("close", () => resolve(text));
      socket.on("error", () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect((await ask("/")).status).toBe(200);
  });

  it("names port and address when it cannot listen", async () => {
    await expect(serveInfoPage("", { port: server.port, address: "127.0.0.1" })).rejects.toMatchObject({
      message: `infoPage: cannot listen on port ${server.port} of 127.0.0.1 (EADDRINUSE)`,
      exitCode: 2,
    });
  });
});
