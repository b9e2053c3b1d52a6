import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { encodeCapture, RARE, VERSION_0 } from "./built-packets.js";
import { type DecodedPacket, disagreements, readWithParallax } from "./decoded.js";
import { createMptcpLab, type MptcpLab, SECOND_PORT } from "./mptcp-lab.js";
import {
  createCorruptor,
  dataIsChanged,
  portIsNamedAndConnectionReset,
  subflowIsRefused,
  subflowsComeAndGo,
} from "./scenarios.js";
import { readWithTcpdump, type ShownPacket } from "./tcpdump-text.js";

const why = spawnSync("tcpdump", ["--version"]).status === 0 ? null : "there is no tcpdump on this machine";

if (why === null) {
  describe("parallax-agent decode beside tcpdump", describeAgreement);
} else {
  process.stderr.write(`decoding is not compared with tcpdump: ${why}\n`);
  describe.skip("parallax-agent decode beside tcpdump", () => it(why, () => undefined));
}

function describeAgreement(): void {
  const folder = mkdtempSync(join(tmpdir(), "parallax-tcpdump-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  describe("on a capture of two Linux kernels", () => {
    const file = join(folder, "kernels.pcap");
    let lab: MptcpLab;
    let ours: DecodedPacket[];
    let theirs: ShownPacket[];
    beforeAll(async () => {
      const { rule, corrupt } = createCorruptor();
      lab = await createMptcpLab(file, rule);
      for (const family of [4, 6] as const) {
        await subflowsComeAndGo(lab, family);
        await portIsNamedAndConnectionReset(lab, family);
        await subflowIsRefused(lab, family);
        await dataIsChanged(lab, family, corrupt);
      }
      await lab.finish();
      ours = readWithParallax(file);
      theirs = readWithTcpdump(file);
    }, 120_000);
    afterAll(() => lab.destroy());

    it("finds the same options with the same fields in every packet", () => {
      expect(disagreements(ours, theirs)).toEqual([]);
      expect(ours).toHaveLength(theirs.length);
    });

    it("has met every subtype of version 1 in every form that the kernels were made to send", () => {
      const forms = new Set(ours.flatMap(({ options }) => options.map(formOf)));
      expect(FROM_KERNELS.filter((form) => !forms.has(form))).toEqual([]);
    });
  });

  it("reads options of version 0 alike in packets that Parallax built", () => {
    expect(compareBuilt(VERSION_0)).toEqual([]);
  });

  it("reads options of version 1 at the edges of their range alike in packets that Parallax built", () => {
    expect(compareBuilt(RARE)).toEqual([]);
  });

  it("tells where one field differs", () => {
    writeBuilt(RARE);
    const theirs = readWithTcpdump(builtFile());
    const changed = readWithParallax(builtFile()).map(({ from, options }) => ({
      from,
      options: options.map((one) => (one.subtype === "MP_FAIL" ? { ...one, dataSequence: "1" } : one)),
    }));
    expect(disagreements(changed, theirs)).toMatchObject([
      {
        parallax: { options: [{ subtype: "MP_FAIL", dataSequence: "1" }] },
        tcpdump: { options: [{ subtype: "MP_FAIL", dataSequence: "18446744073709551600" }] },
      },
    ]);
  });

  const builtFile = (): string => join(folder, "built.pcap");
  const writeBuilt = (built: typeof RARE): void => writeFileSync(builtFile(), encodeCapture(built));
  const compareBuilt = (built: typeof RARE): object[] => {
    writeBuilt(built);
    const [ours, theirs] = [readWithParallax(builtFile()), readWithTcpdump(builtFile())];
    expect(ours.flatMap(({ options }) => options)).toHaveLength(built.length);
    return disagreements(ours, theirs);
  };
}

/** A subtype with what makes its forms differ. */
function formOf(option: DecodedPacket["options"][number]): string {
  const has = (field: string): string => (option[field] === null || option[field] === false ? "" : ` ${field}`);
  switch (option.subtype) {
    case "MP_CAPABLE":
      return `MP_CAPABLE v${option.version}${["noJoin", "senderKey", "receiverKey", "dataLength", "checksum"].map(has).join("")}`;
    case "MP_JOIN":
      return `MP_JOIN ${option.form}${option.backup === true ? " backup" : ""}`;
    case "DSS": {
      const mapping = option.mapping as { checksum: number | null } | null;
      const map = mapping === null ? "" : ` mapping${mapping.checksum === null ? "" : " checksum"}`;
      return `DSS${has("dataFin")}${has("dataAck")}${map}`;
    }
    case "ADD_ADDR":
      return `ADD_ADDR ${String(option.address).includes(":") ? 6 : 4}${has("echo")}${option.port === SECOND_PORT ? " port" : ""}`;
    case "MP_PRIO":
      return `MP_PRIO${has("backup")}`;
    default:
      return option.subtype;
  }
}

const FROM_KERNELS = [
  "ADD_ADDR 4",
  "ADD_ADDR 4 echo",
  "ADD_ADDR 4 echo port",
  "ADD_ADDR 4 port",
  "ADD_ADDR 6",
  "ADD_ADDR 6 echo",
  "ADD_ADDR 6 echo port",
  "ADD_ADDR 6 port",
  "DSS dataAck",
  "DSS dataAck mapping",
  "DSS dataAck mapping checksum",
  "DSS dataFin dataAck mapping",
  "MP_CAPABLE v1",
  "MP_CAPABLE v1 noJoin senderKey",
  "MP_CAPABLE v1 senderKey",
  "MP_CAPABLE v1 senderKey receiverKey",
  "MP_CAPABLE v1 senderKey receiverKey dataLength",
  "MP_CAPABLE v1 senderKey receiverKey dataLength checksum",
  "MP_FAIL",
  "MP_FASTCLOSE",
  "MP_JOIN ACK",
  "MP_JOIN SYN",
  "MP_JOIN SYN backup",
  "MP_JOIN SYN/ACK",
  "MP_PRIO",
  "MP_PRIO backup",
  "MP_TCPRST",
  "REMOVE_ADDR",
];
