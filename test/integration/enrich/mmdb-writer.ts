/**
 * Writes a small database in MaxMind's format 2.0 (https://maxmind.github.io/MaxMind-DB/), with records of 24 bits: a
 * binary tree of nodes, 16 zero bytes, the values, and the metadata behind a marker. Prefixes must not overlap.
 */
type Value = string | number | bigint | readonly Value[] | { readonly [key: string]: Value };

const TYPE_STRING = 2;
const TYPE_DOUBLE = 3;
const TYPE_UINT32 = 6;
const TYPE_MAP = 7;
const TYPE_UINT64 = 9;
const TYPE_ARRAY = 11;
const SEPARATOR_BYTES = 16;

interface Node {
  readonly children: [Node | number | null, Node | number | null];
}

export function mmdb(
  databaseType: string,
  builtAt: Date,
  ipVersion: 4 | 6,
  prefixes: readonly (readonly [bits: string, value: Value])[],
): Buffer {
  const root: Node = { children: [null, null] };
  const data: Buffer[] = [];
  let dataBytes = 0;
  for (const [bits, value] of prefixes) {
    let node = root;
    for (const bit of bits.slice(0, -1)) {
      const next = node.children[Number(bit) as 0 | 1] ?? { children: [null, null] };
      if (typeof next === "number") throw new RangeError(`prefix ${bits} lies in another one`);
      node.children[Number(bit) as 0 | 1] = next;
      node = next as Node;
    }
    node.children[Number(bits.at(-1)) as 0 | 1] = dataBytes;
    const encoded = encode(value);
    data.push(encoded);
    dataBytes += encoded.length;
  }
  const nodes: Node[] = [];
  const number = (node: Node): void => {
    nodes.push(node);
    for (const child of node.children) if (child !== null && typeof child !== "number") number(child);
  };
  number(root);
  const place = new Map(nodes.map((node, i) => [node, i]));
  const tree = Buffer.alloc(nodes.length * 6);
  for (const [i, { children }] of nodes.entries()) {
    for (const [side, child] of children.entries()) {
      const record =
        child === null
          ? nodes.length
          : typeof child === "number"
            ? nodes.length + SEPARATOR_BYTES + child
            : (place.get(child) ?? 0);
      tree.writeUIntBE(record, i * 6 + side * 3, 3);
    }
  }
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: BigInt(Math.floor(builtAt.getTime() / 1000)),
    database_type: databaseType,
    description: {},
    ip_version: ipVersion,
    languages: [],
    node_count: nodes.length,
    record_size: 24,
  });
  const marker = Buffer.from("abcdef4d61784d696e642e636f6d", "hex");
  return Buffer.concat([tree, Buffer.alloc(SEPARATOR_BYTES), ...data, marker, metadata]);
}

/** The bits of a prefix, in a tree of IPv6 below ::/96 where it is one of IPv4. */
export function bitsOf(address: Uint8Array, length: number, family: 4 | 6, treeVersion: 4 | 6): string {
  const all = [...address].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  if (family === 6) return all.slice(0, length);
  const own = all.slice(96, 96 + length);
  return treeVersion === 4 ? own : "0".repeat(96) + own;
}

function encode(value: Value): Buffer {
  if (typeof value === "string")
    return Buffer.concat([control(TYPE_STRING, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === "bigint")
    return Buffer.concat([control(TYPE_UINT64, 8), Buffer.from(value.toString(16).padStart(16, "0"), "hex")]);
  if (typeof value === "number") {
    const bytes = Buffer.alloc(Number.isInteger(value) ? 4 : 8);
    if (Number.isInteger(value)) bytes.writeUInt32BE(value);
    else bytes.writeDoubleBE(value);
    return Buffer.concat([control(Number.isInteger(value) ? TYPE_UINT32 : TYPE_DOUBLE, bytes.length), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(TYPE_ARRAY, value.length), ...value.map(encode)]);
  const entries = Object.entries(value as Readonly<Record<string, Value>>);
  return Buffer.concat([
    control(TYPE_MAP, entries.length),
    ...entries.flatMap(([key, one]) => [encode(key), encode(one)]),
  ]);
}

function control(type: number, size: number): Buffer {
  if (size >= 29) {
    if (size >= 285) throw new RangeError("a value of 285 bytes or more");
    return Buffer.from(type < 8 ? [(type << 5) | 29, size - 29] : [29, type - 7, size - 29]);
  }
  return Buffer.from(type < 8 ? [(type << 5) | size] : [size, type - 7]);
}
