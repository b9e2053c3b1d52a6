import { expect, test } from "@jest/globals";
import { formatPrefix } from "../../../shared/address/prefix.js";
import { UserError } from "../../../shared/errors.js";
import { parseBlocklistFile } from "../../../shared/target/blocklist-file.js";

const read = (text: string) =>
  parseBlocklistFile(text, "blocklist.conf").map(({ prefix, reason }) => [formatPrefix(prefix), reason]);

test("every line gives a prefix and the reason behind it", () => {
  // The first lines as ZMap's own conf/blocklist.conf has them.
  const text = [
    "# From IANA IPv4 Special-Purpose Address Registry",
    "",
    '0.0.0.0/8           # RFC1122: "This host on this network"',
    "10.0.0.0/8\t# RFC1918: Private-Use # twice",
    "192.0.2.7",
    "  2001:db8::/32 #",
    "2001:2::1",
  ].join("\n");

  expect(read(text)).toEqual([
    ["0.0.0.0/8", 'RFC1122: "This host on this network"'],
    ["10.0.0.0/8", "RFC1918: Private-Use # twice"],
    ["192.0.2.7/32", null],
    ["2001:db8::/32", null],
    ["2001:2::1/128", null],
  ]);
});

test("files of other editors are read: a byte order mark, line ends of Windows, no line end at the end", () => {
  expect(read("\uFEFF198.18.0.0/15 # lab\r\n192.0.2.1\r\n\r\n192.0.2.2")).toEqual([
    ["198.18.0.0/15", "lab"],
    ["192.0.2.1/32", null],
    ["192.0.2.2/32", null],
  ]);
  expect(read("")).toEqual([]);
});

test.each([
  ["example.org", '"example.org" is not an IP address'],
  ["198.18.0.0/33", '"198.18.0.0/33" is not an IP prefix'],
  ["198.18.0.1/15", '"198.18.0.1/15" has bits set behind its length'],
  ["192.0.2.1 192.0.2.2", '"192.0.2.1 192.0.2.2" is not an IP address'],
])("a line with %s is refused by its number", (line, what) => {
  let failure: unknown;
  try {
    read(`# owners\n192.0.2.0/24\n${line} # why\n`);
  } catch (error) {
    failure = error;
  }
  expect(failure).toBeInstanceOf(UserError);
  expect(failure).toMatchObject({ message: `blocklist.conf, line 3: ${what}`, exitCode: 2 });
});
