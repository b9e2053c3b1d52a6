import { createProbeKernel, JOB_TEMPLATES_AT } from "./kernel.js";

/**
 * Hashes 20 bytes, given as five little-endian 32-bit words, to four little-endian 32-bit words: always the same
 * array, filled again by the next call.
 */
export type SipHash20 = (m0: number, m1: number, m2: number, m3: number, m4: number) => Uint32Array;

/**
 * SipHash-c-d with 128-bit output (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) of messages of
 * exactly 20 bytes; c and d are the rounds for each block and for each half of the output. `key` is 16 bytes.
 */
export function createSipHash20(key: Uint8Array, c: number, d: number): SipHash20 {
  const { bytes, reserve, hash } = createProbeKernel({ jobs: 1 });
  const job = reserve();
  bytes.set(sipHashState(key), job);
  // In place of the job's templates.
  const messageAt = job + JOB_TEMPLATES_AT;
  const outputAt = messageAt + 32;
  const message = new Int32Array(bytes.buffer, messageAt, 5);
  const output = new Uint32Array(bytes.buffer, outputAt, 4);
  return (m0, m1, m2, m3, m4) => {
    message[0] = m0;
    message[1] = m1;
    message[2] = m2;
    message[3] = m3;
    message[4] = m4;
    hash(job, messageAt, outputAt, c, d);
    return output;
  };
}

/** The keyed initial state, 32 bytes: the constants spell "somepseudorandomlygeneratedbytes", 0xee asks for 128 bits. */
export function sipHashState(key: Uint8Array): Uint8Array {
  if (key.length !== 16) throw new RangeError(`a SipHash key has 16 bytes, not ${key.length}`);
  const keyView = new DataView(key.buffer, key.byteOffset, 16);
  const k0 = keyView.getBigUint64(0, true);
  const k1 = keyView.getBigUint64(8, true);
  return new Uint8Array(
    BigUint64Array.of(
      k0 ^ 0x736f6d6570736575n,
      k1 ^ 0x646f72616e646f6dn ^ 0xeen,
      k0 ^ 0x6c7967656e657261n,
      k1 ^ 0x7465646279746573n,
    ).buffer,
  );
}
