import { open } from "node:fs/promises";

export const ADDRESS_BYTES = 16;

/** Distinct addresses, numbered by their place. */
export interface AddressList {
  readonly count: number;
  /** 16 bytes for each address, at most `most` of them at a time, each piece good until the next is asked for. */
  pieces(most: number): AsyncIterable<Uint8Array>;
}

export function listOfAddresses(addresses: readonly Uint8Array[]): AddressList {
  return {
    count: addresses.length,
    async *pieces(most) {
      for (let at = 0; at < addresses.length; at += most) {
        yield Buffer.concat(addresses.slice(at, at + most));
      }
    },
  };
}

/** The addresses in a file of 16 bytes each. */
export function listInFile(path: string, count: number): AddressList {
  return {
    count,
    async *pieces(most) {
      const file = await open(path);
      try {
        const piece = new Uint8Array(Math.min(most, count) * ADDRESS_BYTES);
        for (let left = count * ADDRESS_BYTES; left > 0; ) {
          const length = Math.min(piece.length, left);
          for (let at = 0; at < length; ) {
            const { bytesRead } = await file.read(piece, at, length - at);
            if (bytesRead === 0) throw new Error(`${path} has become shorter`);
            at += bytesRead;
          }
          yield piece.subarray(0, length);
          left -= length;
        }
      } finally {
        await file.close();
      }
    },
  };
}

/** By hand: a view for each of millions of addresses would be garbage as soon as it is made. */
export function copyAddress(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number): void {
  for (let i = 0; i < ADDRESS_BYTES; i++) to[toAt + i] = from[fromAt + i] ?? 0;
}
