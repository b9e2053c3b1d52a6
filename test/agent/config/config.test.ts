import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { parseDocument } from "yaml";
import { blockedWords } from "../../../agent/config/blocked.js";
import {
  type AgentConfig,
  loadAgentConfig,
  loadHandRules,
  parseAgentConfig as parse,
} from "../../../agent/config/config.js";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import { parseAddress } from "../../../shared/address/address.js";
import { formatPrefix } from "../../../shared/address/prefix.js";
import { UserError } from "../../../shared/errors.js";

const GOOD = `
name: fra-1
vantage: fra
labels: { web: "80", region: eu-central }
identity: identity
coordinator: { address: "192.0.2.1:7443" }
broker: { url: "tls://192.0.2.1:4322" }
spool: { folder: spool, maxBytes: 1073741824 }
interface: eth0
caps: { packetsPerSecond: 10000 }
open: [198.18.0.0/15, "2001:db8::/32"]
contact: { email: noc@example.net, url: "https://example.net/scan" }
`;

const IDENTITY: AgentIdentity = {
  ...{ name: "fra-1", vantage: "fra", key: "", certificate: "", authority: "", brokerSeed: "", brokerJwt: "" },
  ...{ sessionAddress: "198.51.100.1:7443", brokerUrl: "tls://198.51.100.1:4322", issuedMs: 0, expiresMs: 1 },
};

/** As for a machine that is enrolled as fra-1. */
function parseAgentConfig(text: string, file: string): AgentConfig {
  return parse(text, file, () => IDENTITY);
}

/** The good file with a change. */
function changed(change: (file: ReturnType<typeof parseDocument>) => void): string {
  const document = parseDocument(GOOD);
  change(document);
  return String(document);
}

function linesOf(text: string): string[] {
  try {
    parseAgentConfig(text, "agent.yaml");
  } catch (error) {
    if (error instanceof UserError) {
      expect(error.exitCode).toBe(2);
      return error.line.split("\n");
    }
    throw error;
  }
  throw new Error("the file was accepted");
}

const folder = mkdtempSync(join(tmpdir(), "parallax-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the agent's file", () => {
  test("is read with its paths taken from its own folder", () => {
    const config = parseAgentConfig(GOOD, "/etc/parallax/agent.yaml");
    expect(config.identityFolder).toBe("/etc/parallax/identity");
    expect(config.spool.folder).toBe("/etc/parallax/spool");
    expect(config.labels).toEqual({ web: "80", region: "eu-central" });
    expect(config.open.map(({ family, length }) => [family, length])).toEqual([
      [4, 15],
      [6, 32],
    ]);
    expect(config.caps).toEqual({ packetsPerSecond: 10_000, ports: null });
    expect(config.block).toEqual([]);
  });

  test("names whom and what the self-test may send to: nobody, unless it says so", () => {
    expect(parseAgentConfig(GOOD, "agent.yaml").selfTest).toEqual({
      exitTarget: null,
      reference: null,
      reachableAt: null,
    });
    const text = `${GOOD}exitTarget: 198.18.0.1\nreference: ams-1\nreachableAt: [203.0.113.7]\n`;
    const { exitTarget, reference, reachableAt } = parseAgentConfig(text, "agent.yaml").selfTest;
    expect(exitTarget).toEqual(parseAddress("198.18.0.1"));
    expect(reference).toEqual({ agent: "ams-1", addresses: null });
    expect(reachableAt).toEqual([parseAddress("203.0.113.7")]);
    const pinned = `${GOOD}reference: { agent: ams-1, addresses: ["2001:db8::7"] }\n`;
    expect(parseAgentConfig(pinned, "agent.yaml").selfTest.reference?.addresses).toEqual([parseAddress("2001:db8::7")]);
  });

  test("may leave the contact out; whether probes may go anywhere then is decided elsewhere", () => {
    const config = parseAgentConfig(
      changed((file) => file.delete("contact")),
      "agent.yaml",
    );
    expect(config.contact).toBeNull();
  });

  test("names every problem on a line of its own, with its key and what to do", () => {
    const text = changed((file) => {
      file.delete("interface");
      file.setIn(["broker", "uri"], "nats://x:1");
      file.setIn(["caps", "packetsPerSecond"], "fast");
      file.setIn(["open", 1], "2001:db8::/129");
      file.setIn(["name"], "fra.1");
    });
    const lines = linesOf(text);
    expect(lines).toHaveLength(5);
    for (const line of lines) {
      expect(line).toMatch(/^agent\.yaml: \S+: .+; .+/);
    }
    expect(lines.map((line) => line.split(": ")[1])).toEqual(
      expect.arrayContaining(["interface", "broker.uri", "caps.packetsPerSecond", "open[1]", "name"]),
    );
  });

  test.each([
    ["an empty file", "", "interface"],
    ["a list", "[1]", "(file)"],
    ["a coordinator without a port", GOOD.replace("192.0.2.1:7443", "192.0.2.1"), "coordinator.address"],
    ["a broker without TLS", GOOD.replace("tls://", "nats://"), "broker.url"],
    ["an address that is not one", GOOD.replace("198.18.0.0/15", "198.18.0.256"), "open[0]"],
    ["an exit target that is a name", `${GOOD}exitTarget: router.example.net\n`, "exitTarget"],
    ["a reference that is no name", `${GOOD}reference: "ams 1"\n`, "reference.agent"],
    ["a reference nowhere", `${GOOD}reference: { agent: ams-1, addresses: [] }\n`, "reference.addresses"],
    ["a tiny spool", GOOD.replace("1073741824", "1000"), "spool.maxBytes"],
    ["a mail address that is not one", GOOD.replace("noc@example.net", "noc"), "contact.email"],
    ["a page that is not on the web", GOOD.replace("https://example.net/scan", "ftp://example.net"), "contact.url"],
    ["a label that selectors cannot name", GOOD.replace('web: "80"', '"w b": "80"'), "labels.w b"],
    ["a label without quotes", GOOD.replace('"80"', "80"), "labels.web"],
    [
      "an opt-out without a day",
      changed((file) => file.set("optOuts", [{ prefix: "192.0.2.0/24", date: "March", reason: "mail" }])),
      "optOuts[0].date",
    ],
    [
      "an opt-out without a reason",
      changed((file) => file.set("optOuts", [{ prefix: "192.0.2.0/24", date: "2026-03-01" }])),
      "optOuts[0].reason",
    ],
    [
      "a page at no address",
      changed((file) => file.set("infoPage", { port: 80, address: "here" })),
      "infoPage.address",
    ],
    [
      "a page that names nobody",
      changed((file) => file.delete("contact") && file.set("infoPage", { port: 80 })),
      "infoPage",
    ],
    ["a rate of nothing", GOOD.replace("packetsPerSecond: 10000", "packetsPerSecond: 0"), "caps.packetsPerSecond"],
  ])("refuses %s", (_what, text, key) => {
    expect(linesOf(text).some((line) => line.startsWith(`agent.yaml: ${key}: `))).toBe(true);
  });

  test("keeps opt-outs and blocklists with their reasons; files are looked for in its own folder", () => {
    writeFileSync(join(folder, "block.txt"), "192.0.2.0/24 # asked by mail\n2001:db8::1\n");
    const text = changed((file) => {
      file.set("blocklistFiles", ["block.txt"]);
      file.set("optOuts", [{ prefix: "198.51.100.0/24", date: "2026-03-01", reason: "mail from the owner" }]);
    });
    const { blocked } = parseAgentConfig(text, join(folder, "agent.yaml"));
    expect(blocked.map((one) => `${formatPrefix(one.prefix)} ${blockedWords(one)}`)).toEqual([
      "198.51.100.0/24 opted out on 2026-03-01: mail from the owner (optOuts)",
      `192.0.2.0/24 asked by mail (${join(folder, "block.txt")})`,
      `2001:db8::1/128 ${join(folder, "block.txt")}`,
    ]);
  });

  test("that names a blocklist which cannot be read is refused: nothing is sent without it", () => {
    const text = changed((file) => file.set("blocklistFiles", ["none.txt"]));
    expect(() => parseAgentConfig(text, join(folder, "agent.yaml"))).toThrow(
      /blocklistFiles\[0\]: .*none\.txt .*ENOENT/,
    );
    writeFileSync(join(folder, "bad.txt"), "192.0.2.0/24\n192.0.2.300\n");
    const bad = changed((file) => file.set("blocklistFiles", ["bad.txt"]));
    expect(() => parseAgentConfig(bad, join(folder, "agent.yaml"))).toThrow(/bad\.txt, line 2: .*192\.0\.2\.300/);
  });

  test("serves its page on every address unless one is named", () => {
    const pageOf = (page: object) =>
      parseAgentConfig(
        changed((file) => file.set("infoPage", page)),
        "agent.yaml",
      ).infoPage;
    expect(pageOf({ port: 80 })).toEqual({ port: 80, address: "::" });
    expect(pageOf({ port: 8080, address: "192.0.2.1" })).toEqual({ port: 8080, address: "192.0.2.1" });
    expect(parseAgentConfig(GOOD, "agent.yaml").infoPage).toBeNull();
  });

  test("rules probes sent by hand without what only a coordinator needs", () => {
    const file = join(folder, "hand.yaml");
    writeFileSync(file, "open: [198.18.0.0/15]\n");
    expect(loadHandRules(file)).toMatchObject({ interface: null, caps: null, contact: null, blocked: [], block: [] });
    writeFileSync(file, GOOD);
    expect(loadHandRules(file)).toMatchObject({
      interface: "eth0",
      caps: { packetsPerSecond: 10_000, ports: null },
      contact: { email: "noc@example.net" },
    });
    writeFileSync(file, "opne: [198.18.0.0/15]\n");
    expect(() => loadHandRules(file)).toThrow(/opne: this key is not known/);
  });

  test("says where broken YAML breaks", () => {
    expect(linesOf("name: [fra\nvantage: x")[0]).toMatch(/agent\.yaml: .*line 2.*; mend the YAML there/);
  });

  test("that is not there is named", () => {
    expect(() => loadAgentConfig(join(folder, "none.yaml"))).toThrow(/none\.yaml cannot be read \(ENOENT\)/);
  });

  test("is completed by what enrolment left, and may not say otherwise", () => {
    const config = parseAgentConfig(
      changed((file) => {
        for (const key of ["name", "vantage", "coordinator", "broker", "identity"]) file.delete(key);
      }),
      "agent.yaml",
    );
    expect(config).toMatchObject({
      name: "fra-1",
      vantage: "fra",
      identityFolder: "/var/lib/parallax-agent/identity",
      coordinator: { address: "198.51.100.1:7443" },
      broker: { url: "tls://198.51.100.1:4322" },
    });
    expect(linesOf(changed((file) => file.setIn(["vantage"], "sin")))).toEqual([
      "agent.yaml: vantage is sin, but this machine is enrolled with vantage fra; leave vantage away, or enrol the machine again with --vantage sin",
    ]);
    expect(() => parse(GOOD, join(folder, "agent.yaml"))).toThrow(
      /identity: .*identity\.json cannot be read \(ENOENT\)/,
    );
  });
});
