/** An input that a decoder once did not stand. */
export interface Fallen {
  readonly decoder: string;
  /** What happened. */
  readonly what: string;
  /** Hexadecimal digits, as `npm run test:fuzz` prints them. */
  readonly input: string;
}

/** Each is tried again by every `npm test`. */
export const CORPUS: readonly Fallen[] = [
  {
    decoder: "spool-record",
    what: "meta data that are no JSON, their checksum right",
    input:
      "504c5853504c30310200000000000000e7b6894e12f570c2f20ee8016805f9f1d8cfffae4bd8043be0a1d395820b4729" +
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8557b6d",
  },
  {
    decoder: "batch",
    what: "4,000 fields that no batch has",
    input: "4848".repeat(4_000),
  },
];
