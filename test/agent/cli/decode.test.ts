import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeFile } from "../../../agent/cli/decode.js";
import { agentProgram } from "../../../agent/cli/program.js";
import { runProgram } from "../../../shared/cli/program.js";
import { UserError } from "../../../shared/errors.js";
import { classicCapture } from "../../shared/pcap/captures.js";

const folder = mkdtempSync(join(tmpdir(), "parallax-decode-"));
afterAll(() => rmSync(folder, { recursive: true }));

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replace(/\s/g, ""), "hex"));

/** From Linux 6.18: a SYN/ACK, a reset with two MPTCP options, and an ICMP error that quotes a whole SYN. */
const SYN_ACK = hex(`
  4500004800004000 4006ae88c6120002c61200011f90849a38238323f4506b98d012fe888c62000002
  0405b40402080a3806c501998747570103030a1e0c01813677adf2e54e3993`);
const RESET = hex(`
  450000449521400040 06196bc6120001c6120002849a1f90f4506b9d38238329c014003f8c5e00000101080a998747bb3806c501
  1e0c70003677adf2e54e39931e048000`);
const UNREACHABLE = hex(`
  45c0005c899a00004001641fc6120002c61200010301b86b0000000045000040604240004006d858c6120001cb007109e9b001bb679c6981
  00000000b002faf002500000020405b40402080a2350801f000000000103030a1e040181`);
const UDP = hex("4500001c000100004011000 0c6120001c61200021389003500080000");

let files = 0;
function fileOf(bytes: Uint8Array): string {
  const file = join(folder, `${files++}.pcap`);
  writeFileSync(file, bytes);
  return file;
}

/** The documents printed, and the error that came then. */
function decode(file: string): { documents: Record<string, unknown>[]; error: unknown } {
  let text = "";
  let error: unknown = null;
  try {
    for (const piece of decodeFile(file)) text += piece;
  } catch (thrown) {
    error = thrown;
  }
  const lines = text.split("\n");
  expect(lines.pop()).toBe("");
  return { documents: lines.map((line) => JSON.parse(line) as Record<string, unknown>), error };
}

const decodeOne = (packet: Uint8Array) =>
  decode(fileOf(classicCapture({}, [1_795_437_835, 959_687, packet]))).documents;

describe("parallax-agent decode", () => {
  test("prints a SYN/ACK as tcpdump reads it, options and MPTCP fields by name", () => {
    // 198.18.0.2.8080 > 198.18.0.1.33946: Flags [S.], seq 941851427, ack 4098911128, win 65160, options [mss 1460,sackOK,
    // TS val 939967745 ecr 2575779671,nop,wscale 10,mptcp 12 capable v1 csum {0x3677adf2e54e3993}], length 0
    expect(decodeOne(SYN_ACK)).toEqual([
      {
        timestamp: "2026-11-23T12:43:55.959687Z",
        type: "tcp",
        source: "198.18.0.2",
        destination: "198.18.0.1",
        ttl: 64,
        sourcePort: 8080,
        destinationPort: 33946,
        sequence: 941851427,
        acknowledgement: 4098911128,
        flags: ["SYN", "ACK"],
        window: 65160,
        payloadBytes: 0,
        options: [
          { name: "mss", bytes: 1460 },
          { name: "sackok" },
          { name: "ts", value: 939967745, echo: 2575779671 },
          { name: "nop" },
          { name: "ws", shift: 10 },
          {
            name: "mptcp",
            subtype: "MP_CAPABLE",
            version: 1,
            checksumRequired: true,
            extensibility: false,
            noJoin: false,
            algorithms: 1,
            senderKey: "3677adf2e54e3993",
            receiverKey: null,
            dataLength: null,
            checksum: null,
          },
        ],
        malformedOptions: "",
      },
    ]);
  });

  test("prints both MPTCP options of a reset", () => {
    const [document] = decodeOne(RESET);
    expect(document?.flags).toEqual(["RST", "ACK"]);
    expect(document?.options).toEqual([
      { name: "nop" },
      { name: "nop" },
      { name: "ts", value: 2575779771, echo: 939967745 },
      { name: "mptcp", subtype: "MP_FASTCLOSE", receiverKey: "3677adf2e54e3993" },
      { name: "mptcp", subtype: "MP_TCPRST", reserved: 0, transient: false, reason: 0 },
    ]);
  });

  test.each<[string, string, object]>([
    ["SACK blocks", "050a00000001000000020101", { name: "sack", blocks: [[1, 2]] }],
    ["an experiment", "fd065058aabb0101", { name: "experimental", experiment: "5058", data: "aabb" }],
    ["TCP Fast Open's cookie", "220601020304 0101", { name: "fastopen", data: "01020304" }],
    ["an option without a name", "4d040a0b", { name: "kind77", data: "0a0b" }],
    ["an MSS of wrong length", "020305 01", { name: "mss", data: "05" }],
    ["a join", "1e0c1009394d11f04f3b64b8", { subtype: "MP_JOIN", form: "SYN", addressId: 9, token: "394d11f0" }],
    [
      "the answer to a join",
      "1e101007c501e6853abcf7c8196cd1ae",
      { form: "SYN/ACK", truncatedHmac: "c501e6853abcf7c8" },
    ],
    [
      "the end of a join",
      "1e181000bc8d6050809a015df4e93b0b327c4e78780ac466",
      { form: "ACK", hmac: "bc8d6050809a015df4e93b0b327c4e78780ac466" },
    ],
    [
      "a DSS, whose numbers do not fit a double",
      "1e1a200fe805fbdb341dee2618df112e8199007c0000000100050101",
      {
        subtype: "DSS",
        dataAck: { bytes: 8, value: "16719046110573620774" },
        mapping: { bytes: 8, dataSequence: "1792170068157202556", subflowSequence: 1, dataLength: 5, checksum: null },
      },
    ],
    [
      "an address",
      "1e0a3107c61200041f910101",
      { subtype: "ADD_ADDR", version: 1, echo: true, address: "198.18.0.4", port: 8081, truncatedHmac: null },
    ],
    ["a removed address", "1e044009", { subtype: "REMOVE_ADDR", addressIds: [9] }],
    ["a priority", "1e035101", { subtype: "MP_PRIO", backup: true, addressId: null }],
    ["a failure", "1e0c60001112131415161718", { subtype: "MP_FAIL", dataSequence: "1230066625199609624" }],
    ["an unknown subtype", "1e04f0aa", { subtype: "unknown", number: 15, data: "f0aa" }],
    ["a malformed MPTCP option", "1e040001", { subtype: "malformed", number: 0, data: "0001" }],
  ])("prints %s", (_what, digits, expected) => {
    const options = hex(digits);
    const packet = Uint8Array.from([...SYN_ACK.subarray(0, 40), ...options]);
    packet[3] = packet.length;
    packet[32] = (5 + options.length / 4) << 4;
    const printed = decodeOne(packet).flatMap((document) => document.options as object[]);
    expect(printed[0]).toMatchObject(expected);
  });

  test("prints the bytes of options that are cut off, behind the whole ones", () => {
    const packet = SYN_ACK.slice();
    packet[61] = 0x0d;
    const [document] = decodeOne(packet);
    expect(document?.malformedOptions).toBe("1e0d01813677adf2e54e3993");
    expect(document?.options).toHaveLength(5);
  });

  test("prints an ICMP error with the segment that it quotes", () => {
    const [document] = decodeOne(UNREACHABLE);
    expect(document).toMatchObject({
      type: "icmp-error",
      source: "198.18.0.2",
      destination: "198.18.0.1",
      icmpType: 3,
      icmpCode: 1,
      quote: {
        source: "198.18.0.1",
        destination: "203.0.113.9",
        sourcePort: 59824,
        destinationPort: 443,
        sequence: 1738303873,
        flags: ["SYN"],
        quotedTcpBytes: 44,
        malformedOptions: "",
      },
    });
    const quote = document?.quote as { options: object[] };
    expect(quote.options.at(-1)).toMatchObject({ name: "mptcp", subtype: "MP_CAPABLE", version: 1, senderKey: null });
  });

  test("prints null for what a quote of 8 bytes does not show", () => {
    const [document] = decodeOne(UNREACHABLE.subarray(0, 56));
    expect(document?.quote).toEqual({
      source: "198.18.0.1",
      destination: "203.0.113.9",
      ttl: 64,
      sourcePort: 59824,
      destinationPort: 443,
      sequence: 1738303873,
      acknowledgement: null,
      flags: null,
      window: null,
      payloadBytes: null,
      options: null,
      malformedOptions: null,
      quotedTcpBytes: 8,
    });
  });

  test("passes over packets without TCP, and says which TCP packets are not whole", () => {
    const file = classicCapture({}, [0, 0, UDP], [0, 1, SYN_ACK.subarray(0, 30)], [0, 2, RESET]);
    const { documents, error } = decode(fileOf(file));
    expect(error).toBeNull();
    expect(documents.map(({ type }) => type)).toEqual(["malformed", "tcp"]);
    expect(documents[0]).toMatchObject({
      timestamp: "1970-01-01T00:00:00.000001Z",
      problem: expect.stringContaining("TCP"),
    });
  });

  test("reads a file that is longer than its buffers, in order", () => {
    const records = Array.from({ length: 3000 }, (_, i) => [i, 0, SYN_ACK] as const);
    const { documents } = decode(fileOf(classicCapture({}, ...records)));
    expect(documents).toHaveLength(3000);
    expect(documents.at(-1)?.timestamp).toBe("1970-01-01T00:49:59.000000Z");
  });

  test("reads a record that is longer than its buffer", () => {
    const long = Uint8Array.from([...SYN_ACK, ...new Uint8Array(150_000)]);
    const { documents, error } = decode(fileOf(classicCapture({}, [0, 0, RESET], [1, 0, long], [2, 0, RESET])));
    expect(error).toBeNull();
    expect(documents).toHaveLength(3);
  });
});

describe("parallax-agent decode of a file that it cannot read", () => {
  test("prints the whole packets of a truncated one, then names file, offset and remedy", () => {
    const whole = classicCapture({}, [0, 0, SYN_ACK], [1, 0, SYN_ACK]);
    const file = fileOf(whole.subarray(0, whole.length - 1));
    const { documents, error } = decode(file);
    expect(documents).toHaveLength(1);
    expect(error).toBeInstanceOf(UserError);
    const { line, exitCode } = error as UserError;
    expect(exitCode).toBe(1);
    expect(line).toBe(
      `${file}: truncated at offset 128: a packet has 72 bytes, 71 are there; ` +
        "name a whole pcap or pcapng file that is not compressed, or copy this one again",
    );
  });

  const run = async (file: string): Promise<{ code: number; stderr: string }> => {
    let stderr = "";
    const code = await runProgram(agentProgram({}), ["decode", file], (text) => {
      stderr += text;
    });
    return { code, stderr };
  };

  test("exits with 1 and one line for a foreign file", async () => {
    const { code, stderr } = await run(fileOf(Buffer.from("hello world")));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^parallax-agent: \S+: neither pcap nor pcapng: .* at offset 0; [^\n]+\n$/);
  });

  test.each([
    ["that is not there", join(folder, "none"), "ENOENT"],
    ["that is a folder", folder, "EISDIR"],
  ])("exits with 2 for one %s", async (_what, file, code) => {
    const result = await run(file);
    expect(result.code).toBe(2);
    expect(result.stderr).toBe(`parallax-agent: ${file} cannot be read (${code}); name an existing capture file\n`);
  });

  test("throws nothing but UserError, whatever a packet holds", () => {
    const real = fc.constantFrom(SYN_ACK, RESET, UNREACHABLE);
    const edits = fc.array(fc.tuple(fc.nat(91), fc.nat(255)), { maxLength: 6 });
    const packets = fc.array(fc.tuple(real, edits, fc.nat(100)), { minLength: 100, maxLength: 100 });
    fc.assert(
      fc.property(packets, (list) => {
        const records = list.map(([packet, changes, cut]) => {
          const bytes = packet.slice(0, cut);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          return [0xffff_ffff, 0xffff_ffff, bytes] as const;
        });
        expect(decode(fileOf(classicCapture({}, ...records))).error).toBeNull();
      }),
      { numRuns: 100 },
    );
  });
});
