import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type FreezeRequest, freezeHitlist } from "../../../coordinator/hitlist/freeze.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parallax-hitlist-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function request(content: string | Uint8Array, more: Partial<FreezeRequest> = {}): FreezeRequest {
  const path = join(folder, "sent");
  writeFileSync(path, content);
  const hitlist = { path, name: "hits.txt" };
  return { hitlist, aliased: null, exclude: [], agents: [], folder, result: join(folder, "result"), ...more };
}

async function frozen(content: string | Uint8Array, more: Partial<FreezeRequest> = {}) {
  const wanted = request(content, more);
  const counts = await freezeHitlist(wanted);
  const bytes = readFileSync(wanted.result);
  const kept = Array.from({ length: bytes.length / 16 }, (_, i) => formatAddress(bytes.subarray(16 * i, 16 * i + 16)));
  return { counts, kept: kept.sort() };
}

async function refusal(content: string | Uint8Array, more: Partial<FreezeRequest> = {}): Promise<string> {
  try {
    await freezeHitlist(request(content, more));
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

const TEXT = "# found last week\n2606:4700::1111\r\n\n2606:4700:0::1111 # again\n  2a00::7  \n2606:4700::1112";
const ADDRESSES = ["2606:4700::1111", "2606:4700::1112", "2a00::7"];
/** What `zstd -19` (1.5.4) makes of them, one a line. */
const ZSTD = "28b52ffd2428f50000a281050ad0e740c44f6448825b3a40af1510b06daf248f13010100469e4b4e7f8a5e";

/** A zstd frame of one block that is not compressed (RFC 8878 sections 3.1.1.1 and 3.1.1.2), of less than 1 MiB. */
function zstdFrame(content: string): Buffer {
  const head = Buffer.from("28b52ffd0050000000", "hex");
  head.writeUIntLE((content.length << 3) | 1, 6, 3);
  return Buffer.concat([head, Buffer.from(content)]);
}

describe("freezing a hitlist", () => {
  it("takes each address once, whatever way it is written", async () => {
    const { counts, kept } = await frozen(TEXT);

    expect(kept).toEqual(ADDRESSES);
    expect(counts).toMatchObject({ listed: 4, distinct: 3, kept: 3 });
  });

  it.each([
    ["gzip", gzipSync(TEXT)],
    ["zstd", Buffer.from(ZSTD, "hex")],
    [
      "several zstd frames, the first to be skipped",
      Buffer.concat([
        Buffer.from("502a4d180400000000000000", "hex"),
        zstdFrame(TEXT.slice(0, 30)),
        zstdFrame(TEXT.slice(30)),
      ]),
    ],
  ])("reads %s as it reads plain text", async (_what, content) => {
    expect((await frozen(content)).kept).toEqual(ADDRESSES);
  });

  it("leaves out what is special-purpose, aliased or excluded, and counts each", async () => {
    const aliased = join(folder, "aliased");
    writeFileSync(aliased, "# whole networks that answer\n2606:4700::/32\n");
    const { counts, kept } = await frozen(`${TEXT}\nfe80::1\n2a01::1\n2001:db8::1\n`, {
      aliased: { path: aliased, name: "aliased.txt" },
      exclude: ["2a01::/16"],
      agents: [{ agent: "fra", opened: ["2001:db8::/32"] }],
    });

    expect(kept).toEqual(["2001:db8::1", "2a00::7"]);
    expect(counts).toEqual({ listed: 7, distinct: 6, kept: 2, special: 1, aliased: 2, excluded: 1 });
  });

  it("opens a special-purpose address only when all agents do", async () => {
    const agents = [
      { agent: "fra", opened: ["2001:db8::/32"] },
      { agent: "sin", opened: [] },
    ];

    expect((await frozen("2001:db8::1\n", { agents })).counts).toMatchObject({ kept: 0, special: 1 });
    expect((await frozen("2001:db8::1\n", { agents: [] })).counts).toMatchObject({ kept: 0, special: 1 });
  });

  it("gives the same bytes for the same addresses in any order", async () => {
    const lines = Array.from({ length: 5_000 }, (_, i) =>
      parseAddress(`2a00:${((i * 7919) % 65_536).toString(16)}::${i.toString(16)}`),
    );
    const texts = lines.map(formatAddress);
    const first = request(texts.join("\n"));
    await freezeHitlist(first);
    const bytes = readFileSync(first.result);
    await freezeHitlist(request([...texts].reverse().join("\n")));

    expect(readFileSync(first.result).equals(bytes)).toBe(true);
    expect(bytes.length).toBe(16 * 5_000);
  });

  it.each([
    ["a line that is no address", "2606::1\n1.2.3.4\n", 'hits.txt, line 2: "1.2.3.4" is not an IPv6 address'],
    ["a line without end", `2606::1\n${"a".repeat(70_000)}`, "hits.txt, line 2: "],
    [
      "a cut-off gzip file",
      gzipSync(TEXT.repeat(50)).subarray(0, 60),
      "hits.txt cannot be read: unexpected end of file",
    ],
    ["a cut-off zstd file", Buffer.from(ZSTD.slice(0, 60), "hex"), "hits.txt cannot be read: "],
    ["an xz file", Buffer.from("fd377a585a0000", "hex"), "hits.txt is compressed with xz"],
  ])("refuses %s, and leaves nothing", async (_what, content, message) => {
    expect(await refusal(content)).toContain(message);
    expect(readdirSync(folder)).toEqual(["sent"]);
  });

  it("says which file does not exist", async () => {
    const hitlist = { path: join(folder, "absent"), name: "hits.txt" };
    expect(await refusal("", { hitlist })).toBe("hits.txt does not exist");
  });
});
