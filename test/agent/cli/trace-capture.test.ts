import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { agentProgram } from "../../../agent/cli/program.js";
import { type CaptureSelection, traceCapture } from "../../../agent/cli/trace-capture.js";
import { plainPaint } from "../../../agent/cli/trace-report.js";
import { parseAddress } from "../../../shared/address/address.js";
import { runProgram } from "../../../shared/cli/program.js";
import { UserError } from "../../../shared/errors.js";
import { answer, CLAIM_V1, captureOf, changed, expired, MSS, syn, V1 } from "../../shared/exchange/conversation.js";
import { classicCapture } from "../../shared/pcap/captures.js";

const folder = mkdtempSync(join(tmpdir(), "parallax-captured-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(bytes: Uint8Array): string {
  const file = join(folder, `${files++}.pcap`);
  writeFileSync(file, bytes);
  return file;
}

function report(file: string, { json = false, ...selection }: Partial<CaptureSelection> & { json?: boolean } = {}) {
  let [text, remarks] = ["", ""];
  let error: unknown = null;
  const output = {
    json,
    paint: plainPaint,
    write: (more: string) => {
      text += more;
    },
    remark: (more: string) => {
      remarks += more;
    },
  };
  try {
    traceCapture(file, { targets: [], port: undefined, variant: undefined, ...selection }, output);
  } catch (thrown) {
    error = thrown;
  }
  return { text, remarks, error, lines: text.split("\n").map((line) => line.replace(/ +/g, " ").trim()) };
}

/** MP_CAPABLE at the end of the options, overwritten with NOPs. */
const stripped = changed("tcp", 24, 1, 1, 1, 1);

/** A box behind the second router of a path with four hops, as a tool sees it that sends one probe after the other. */
function traced(target = "198.18.0.1", from = 1_000_000): (readonly [number, Uint8Array])[] {
  const probes = [1, 2, 3, 4].map((ttl) =>
    syn({ ttl, id: ttl, options: [...MSS, ...V1], target: parseAddress(target) }),
  );
  const [one, two, three, four] = probes as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const answers = [
    expired(one, 1),
    expired(two, 2),
    expired(three, 3, {}, stripped),
    answer(four, "SYN/ACK", CLAIM_V1),
  ];
  return probes.flatMap((probe, i) => [
    [from + i * 100_000, probe] as const,
    [from + i * 100_000 + 2_500, answers[i] as Uint8Array] as const,
  ]);
}

describe("trace --from-pcap", () => {
  it("reports the hops, the change and its interval, and what the target answered", () => {
    const { lines, error, remarks } = report(fileOf(captureOf(...traced())));
    expect({ error, remarks }).toEqual({ error: null, remarks: "" });
    expect(lines.slice(0, 6)).toEqual([
      "198.18.0.1 port 80, SYN with MP_CAPABLE v1",
      "1 192.0.2.1 2.5 ms unchanged",
      "2 192.0.2.2 2.5 ms unchanged",
      "3 192.0.2.3 2.5 ms the MPTCP option is overwritten with NOPs",
      "4 198.18.0.1 2.5 ms SYN/ACK with MPTCP v1",
      "the MPTCP option is overwritten with NOPs between hop 2 (192.0.2.2) and hop 3 (192.0.2.3)",
    ]);
  });

  it("prints the rows that a trace of its own prints with --json", () => {
    const { text } = report(fileOf(captureOf(...traced())), { json: true });
    const rows = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map(({ ttl, kind, mptcp, verdict }) => [ttl, kind, mptcp, verdict])).toEqual([
      [1, "time-exceeded", "unmodified", ""],
      [2, "time-exceeded", "unmodified", ""],
      [3, "time-exceeded", "stripped-nop", ""],
      [4, "synack", "unobservable", "claims-v1"],
    ]);
    expect(rows[2]).toMatchObject({
      table: "trace_hops",
      target: "198.18.0.1",
      port: 80,
      variant: "v1",
      responder: "192.0.2.3",
      rttUs: 2_500,
      changes: ["tcp.option.mptcp.nop"],
      icmpType: 11,
      sentFrom: "203.0.113.7",
    });
  });

  it("shows the targets that are named, and leaves out what is no trace", () => {
    const scanned = syn({ target: parseAddress("198.18.9.9") });
    const file = fileOf(
      captureOf(...traced(), ...traced("198.18.0.2"), [3_000_000, scanned], [3_001_000, answer(scanned, "SYN/ACK")]),
    );
    const headings = (selection: Partial<CaptureSelection>) =>
      report(file, selection).lines.filter((line) => line.includes(" port "));
    expect(headings({})).toEqual([
      "198.18.0.1 port 80, SYN with MP_CAPABLE v1",
      "198.18.0.2 port 80, SYN with MP_CAPABLE v1",
    ]);
    expect(report(file).remarks).toBe("1 targets that were asked with one TTL only are left out\n");
    expect(headings({ targets: ["198.18.0.2/32"] })).toEqual(["198.18.0.2 port 80, SYN with MP_CAPABLE v1"]);
    expect(headings({ port: "443" })).toEqual([]);
    expect(headings({ variant: "plain" })).toEqual([]);
  });

  it("says that answers have no probes in the capture", () => {
    const strange = expired(syn({ sequence: 12_345, sourcePort: 1_234, id: 99 }), 7);
    expect(report(fileOf(captureOf(...traced(), [9_000_000, strange]))).remarks).toBe(
      "1 answers belong to no SYN of the capture\n",
    );
  });

  it("shows what a file that is cut holds up to there, then says where it ends", () => {
    const whole = captureOf(...traced());
    const { lines, error } = report(fileOf(whole.subarray(0, whole.length - 10)));
    expect(lines).toContain("3 192.0.2.3 2.5 ms the MPTCP option is overwritten with NOPs");
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toMatch(/\.pcap: truncated at offset \d+/);
  });

  it.each([
    ["nothing at all", new Uint8Array(0), 1, /truncated at offset 0/],
    ["no capture", new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"), 1, /neither pcap nor pcapng/],
    [
      "another link type",
      classicCapture({ linkType: 147 }, [1, 0, syn({})]),
      1,
      /link type 147 at offset 20 is not known/,
    ],
    ["no probe", captureOf([1, expired(syn({}), 1)]), 1, /there is no SYN in .*tcpdump -s 0/],
    ["probes that are cut off", captureOf([1, syn({}).subarray(0, 40)]), 1, /no whole SYN of a probe \(1 are cut off/],
    ["a scan, but no trace", captureOf([1, syn({})]), 1, /there is no trace in .*replay --from-pcap/],
  ])("ends with one line and its exit code on a file with %s", async (_what, bytes, exitCode, line) => {
    let stderr = "";
    const code = await runProgram(agentProgram({}), ["trace", "--from-pcap", fileOf(bytes)], (text) => {
      stderr += text;
    });
    expect(stderr).toMatch(line);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(exitCode);
  });

  it("ends with exit code 2 on a file that is not there, and on targets and ports that are none", async () => {
    const file = fileOf(captureOf(...traced()));
    for (const [line, args] of [
      [
        /absent\.pcap cannot be read \(ENOENT\); name an existing capture file/,
        ["--from-pcap", join(folder, "absent.pcap")],
      ],
      [/target "example.net" is not/, ["--from-pcap", file, "--target", "example.net"]],
      [/--port 0 is no list of ports/, ["--from-pcap", file, "--port", "0"]],
      [/no targets are named/, []],
    ] as const) {
      let stderr = "";
      const code = await runProgram(agentProgram({}), ["trace", ...args], (text) => {
        stderr += text;
      });
      expect(stderr).toMatch(line);
      expect(code).toBe(2);
    }
  });
});
