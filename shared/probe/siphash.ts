import { createProbeKernel, JOB_TEMPLATES_AT } from "./kernel.js";

/**
 * Hashes 20 bytes, given as five little-endian 32-bit words, to four little-endian 32-bit words: always the same
 * array, filled again by the next call.
 */
export type SipHash20 = (m0: number, m1: number, m2: number, m3: number, m4: number) => Uint32Array;

/** Where the message and the output lie in the hash's own memory, behind the job's states. */
const MESSAGE_AT = JOB_TEMPLATES_AT;
const OUTPUT_AT = MESSAGE_AT + 32;

/**
 * SipHash-2-4 with 128-bit output (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) of messages of
 * exactly 20 bytes. `key` is 16 bytes.
 */
export function createSipHash20(key: Uint8Array): SipHash20 {
  const { bytes, words, hash } = createProbeKernel({ jobs: 1 });
  bytes.set(sipHashState(key));
  const output = new Uint32Array(bytes.buffer, OUTPUT_AT, 4);
  return (m0, m1, m2, m3, m4) => {
    words[MESSAGE_AT / 4] = m0;
    words[MESSAGE_AT / 4 + 1] = m1;
    words[MESSAGE_AT / 4 + 2] = m2;
    words[MESSAGE_AT / 4 + 3] = m3;
    words[MESSAGE_AT / 4 + 4] = m4;
    hash(0, MESSAGE_AT, OUTPUT_AT);
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
