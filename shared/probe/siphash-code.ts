/**
 * The WebAssembly module of SipHash-2-4-128 over 20 bytes: memory of one page with the keyed initial state v0..v3 at
 * 0 (four u64) and the output at 32 (two u64), and a function `hash` of the five message words (i32). Every number
 * is little-endian, as in SipHash itself. Binary format: WebAssembly Core Specification 1.0, chapter 5.
 */
export const SIPHASH_OUTPUT_OFFSET = 32;

const I32 = 0x7f;
const I64 = 0x7e;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const I64_LOAD = 0x29;
const I64_STORE = 0x37;
const I32_CONST = 0x41;
const I64_CONST = 0x42;
const I64_ADD = 0x7c;
const I64_OR = 0x84;
const I64_XOR = 0x85;
const I64_SHL = 0x86;
const I64_ROTL = 0x89;
const I64_EXTEND_I32_U = 0xad;
const END = 0x0b;
const ALIGN_8 = 3;

/** Locals: parameters 0 to 4, then the state and the three message blocks. */
const V0 = 5;
const V1 = 6;
const V2 = 7;
const V3 = 8;
const BLOCKS = [9, 10, 11] as const;
const LENGTH_BYTE = 20n << 56n;

export function assembleSipHash20(): Uint8Array {
  const [block0, block1, block2] = BLOCKS;
  const body = [
    ...[1, 7, I64], // seven local variables of 64 bits
    ...[V0, V1, V2, V3].flatMap((v, i) => [I32_CONST, 0, I64_LOAD, ALIGN_8, 8 * i, LOCAL_SET, v]),
    ...[
      LOCAL_GET,
      0,
      I64_EXTEND_I32_U,
      LOCAL_GET,
      1,
      I64_EXTEND_I32_U,
      ...constant(32n),
      I64_SHL,
      I64_OR,
      LOCAL_SET,
      block0,
    ],
    ...[
      LOCAL_GET,
      2,
      I64_EXTEND_I32_U,
      LOCAL_GET,
      3,
      I64_EXTEND_I32_U,
      ...constant(32n),
      I64_SHL,
      I64_OR,
      LOCAL_SET,
      block1,
    ],
    ...[LOCAL_GET, 4, I64_EXTEND_I32_U, ...constant(LENGTH_BYTE), I64_OR, LOCAL_SET, block2],
    ...BLOCKS.flatMap((block) => [...xor(V3, block), ...rounds(2), ...xor(V0, block)]),
    ...[...xorConstant(V2, 0xeen), ...rounds(4), ...output(0)],
    ...[...xorConstant(V1, 0xddn), ...rounds(4), ...output(8)],
    END,
  ];
  return Uint8Array.from([
    ...[0x00, ...text("asm"), 1, 0, 0, 0],
    ...section(1, [1, 0x60, 5, I32, I32, I32, I32, I32, 0]), // one type: five i32 to nothing
    ...section(3, [1, 0]), // one function of that type
    ...section(5, [1, 1, 1, 1]), // one memory, one page at the most
    ...section(7, [2, 4, ...text("hash"), 0, 0, 6, ...text("memory"), 2, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

function rounds(count: number): number[] {
  const round = [
    ...[...add(V0, V1), ...rotate(V1, 13), ...xor(V1, V0), ...rotate(V0, 32)],
    ...[...add(V2, V3), ...rotate(V3, 16), ...xor(V3, V2)],
    ...[...add(V0, V3), ...rotate(V3, 21), ...xor(V3, V0)],
    ...[...add(V2, V1), ...rotate(V1, 17), ...xor(V1, V2), ...rotate(V2, 32)],
  ];
  return Array.from({ length: count }, () => round).flat();
}

function add(to: number, from: number): number[] {
  return [LOCAL_GET, to, LOCAL_GET, from, I64_ADD, LOCAL_SET, to];
}

function xor(to: number, from: number): number[] {
  return [LOCAL_GET, to, LOCAL_GET, from, I64_XOR, LOCAL_SET, to];
}

function xorConstant(to: number, value: bigint): number[] {
  return [LOCAL_GET, to, ...constant(value), I64_XOR, LOCAL_SET, to];
}

function rotate(variable: number, bits: number): number[] {
  return [LOCAL_GET, variable, ...constant(BigInt(bits)), I64_ROTL, LOCAL_SET, variable];
}

function output(at: number): number[] {
  const value = [LOCAL_GET, V0, LOCAL_GET, V1, I64_XOR, LOCAL_GET, V2, I64_XOR, LOCAL_GET, V3, I64_XOR];
  return [I32_CONST, 0, ...value, I64_STORE, ALIGN_8, SIPHASH_OUTPUT_OFFSET + at];
}

function section(id: number, content: number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function text(ascii: string): number[] {
  return [...Buffer.from(ascii, "ascii")];
}

/** i64.const: LEB128, signed. */
function constant(value: bigint): number[] {
  const bytes = [I64_CONST];
  let rest = BigInt.asIntN(64, value);
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)) {
      return [...bytes, low];
    }
    bytes.push(low | 0x80);
  }
}

/** LEB128, unsigned. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}
