import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Entry } from "../../../coordinator/enrich/entry.js";
import { readNmap } from "../../../coordinator/enrich/read/nmap.js";
import { FIREWALL, nmapText } from "../../integration/enrich/nmap-file.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parallax-nmap-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MIB = 1024 * 1024;
const ENDED = Date.parse("2026-03-04T05:01:00Z") / 1000;

async function read(content: string | Uint8Array): Promise<{ date: string | null; entries: Entry[] }> {
  const path = join(folder, "box.xml");
  writeFileSync(path, content);
  const file = readNmap({ path, name: "box.xml" }, 2 * MIB);
  const entries: Entry[] = [];
  for await (const entry of file.entries) entries.push(entry);
  return { date: file.date, entries };
}

const firewall = {
  topic: "scans",
  row: {
    ...{ address: "::ffff:198.51.100.2", scanned_at: ENDED, names: ["fw1.example.net"] },
    ports: [
      [22, "tcp", "open", "ssh", "OpenSSH 8.4p1 (protocol 2.0)"],
      [80, "tcp", "closed", "http", ""],
      [443, "tcp", "open", "ssl/http", ""],
    ],
    ...{ os: "Palo Alto PAN-OS 10", os_accuracy: 96 },
  },
};

describe("a file of nmap", () => {
  it("tells ports, services, names, the likeliest system and the time of each host that was up", async () => {
    const text = nmapText([
      { address: "198.51.100.2", endtime: ENDED, found: FIREWALL },
      { address: "2001:DB8:0::7", state: "up" },
      { address: "198.51.100.3", state: "down" },
      { address: "198.51.100.300" },
    ]);
    const expected = [
      firewall,
      {
        topic: "scans",
        // Its own end is not told, so its beginning counts.
        row: { ...{ address: "2001:db8::7", scanned_at: ENDED - 60, names: [], ports: [], os: "", os_accuracy: 0 } },
      },
      { leftOut: "a host that was not up", example: "198.51.100.3" },
      { leftOut: "no address", example: "198.51.100.300" },
    ];
    expect(await read(text)).toEqual({ date: "2026-03-04", entries: expected });
    expect((await read(gzipSync(text))).entries).toEqual(expected);
  });

  it("may hold what a script printed, however long, and gives no control character on", async () => {
    const noise = `<hostscript><script id="x" output="${"a".repeat(200_000)}"/></hostscript>`;
    // A control character of eight bits and its reference; XML 1.0 has no others.
    const named = '<hostnames><hostname name="\u009b2Jbox&#x9b;31m\u202e" type="user"/></hostnames>';
    const { entries } = await read(nmapText([{ address: "198.51.100.2", endtime: ENDED, found: named + noise }]));
    expect(entries).toMatchObject([{ row: { names: [" 2Jbox 31m "] } }]);
  });

  const whole = nmapText([{ address: "198.51.100.2", endtime: ENDED, found: FIREWALL }]);
  const withType = (type: string, name: string) =>
    whole.replace("<!DOCTYPE nmaprun>", type).replace("fw1.example.net", name);
  it.each([
    ["text", "22/tcp open ssh\n", /^box\.xml is no whole XML document: .* in line 1$/],
    ["nothing", "", /^box\.xml is empty$/],
    ["another document", "<html></html>", /^box\.xml is no output of nmap$/],
    ["output of another scanner in the same form", nmapText([], "masscan"), /^box\.xml is no output of nmap$/],
    ["a run that was interrupted", whole.slice(0, 1_500), /^box\.xml is no whole XML document: /],
    [
      "an entity of its own",
      withType('<!DOCTYPE nmaprun [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]>', "&b;"),
      /^box\.xml is no whole XML document: Invalid character entity/,
    ],
    [
      "an entity from elsewhere",
      withType('<!DOCTYPE nmaprun [<!ENTITY a SYSTEM "file:///etc/hostname">]>', "&a;"),
      /^box\.xml is no whole XML document: Invalid character entity/,
    ],
    ["too much", gzipSync(`${whole}${" ".repeat(2 * MIB)}`), /^box\.xml has more than 2 MiB$/],
  ])("is refused in one line where it is %s", async (_what, content, line) => {
    await expect(read(content)).rejects.toMatchObject({ message: expect.stringMatching(line), exitCode: 2 });
  });
});
