import { z } from "zod";
import { addressFamily } from "../address/address.js";
import { fold16, sum16 } from "../packet/checksum.js";
import { put16, put32 } from "../packet/write.js";

/** An interface of a router as it describes it. */
export const interfaceSchema = z
  .strictObject({
    index: z.number().int().min(1).max(0xffff_ffff),
    name: z
      .string()
      .regex(/^[\x21-\x7e]{1,63}$/)
      .optional(),
    mtu: z.number().int().min(68).max(0xffff_ffff).optional(),
  })
  .readonly();
type Interface = z.output<typeof interfaceSchema>;

interface Extensions {
  /** Outermost first. */
  readonly mplsLabels: readonly number[];
  readonly incoming?: Interface | undefined;
}

/** The extension structure of a router with `address` (RFC 4884 section 7); null where it tells nothing. */
export function extensionStructure({ mplsLabels, incoming }: Extensions, address: Uint8Array): Uint8Array | null {
  const objects = [
    ...(mplsLabels.length === 0 ? [] : [mplsStack(mplsLabels)]),
    ...(incoming === undefined ? [] : [interfaceObject(incoming, address)]),
  ];
  if (objects.length === 0) return null;
  const bytes = Buffer.concat([VERSION_2, ...objects]);
  put16(bytes, 2, fold16(sum16(bytes, 0, bytes.length)));
  return bytes;
}

const VERSION_2 = Uint8Array.of(0x20, 0, 0, 0);

/** RFC 4950 section 3: labels of TTL 1, the last one marked. */
function mplsStack(labels: readonly number[]): Uint8Array {
  const data = new Uint8Array(labels.length * 4);
  for (const [i, label] of labels.entries()) {
    put32(data, i * 4, (label << 12) | (i === labels.length - 1 ? 0x100 : 0) | 1);
  }
  return objectOf(1, 1, data);
}

/** RFC 5837 section 4: the interface where the packet came in, with its index and address. */
function interfaceObject({ index, name, mtu }: Interface, address: Uint8Array): Uint8Array {
  const isIpv4 = addressFamily(address) === 4;
  const has = 0x08 | 0x04 | (name === undefined ? 0 : 0x02) | (mtu === undefined ? 0 : 0x01);
  const parts = [
    word(index),
    Uint8Array.of(0, isIpv4 ? 1 : 2, 0, 0),
    isIpv4 ? address.subarray(12) : address,
    ...(name === undefined ? [] : [paddedName(name)]),
    ...(mtu === undefined ? [] : [word(mtu)]),
  ];
  return objectOf(2, has, Buffer.concat(parts));
}

/** Length byte and name, up to whole words with zeros. */
function paddedName(name: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((1 + name.length) / 4) * 4);
  bytes[0] = bytes.length;
  bytes.set(Buffer.from(name, "ascii"), 1);
  return bytes;
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  put32(bytes, 0, value);
  return bytes;
}

function objectOf(classNumber: number, type: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + data.length);
  put16(bytes, 0, bytes.length);
  bytes[2] = classNumber;
  bytes[3] = type;
  bytes.set(data, 4);
  return bytes;
}
