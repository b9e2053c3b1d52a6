const TIME_MODULUS_MS = 2 ** 26;

/**
 * Round-trip time in microseconds from the 26 bits of send time that came back (milliseconds, so up to 1 ms too much),
 * or null when the time is not a sane one.
 */
export function rttFromEchoedTime(capturedUs: number, sentTimeMs26: number | null): number | null {
  if (sentTimeMs26 === null) return null;
  const capturedMs = Math.floor(capturedUs / 1000);
  const elapsedMs = (((capturedMs - sentTimeMs26) % TIME_MODULUS_MS) + TIME_MODULUS_MS) % TIME_MODULUS_MS;
  const rttUs = elapsedMs * 1000 + (capturedUs - capturedMs * 1000);
  // More than an hour is a clock that was set back a little, or a value that is not ours.
  return rttUs > 0xffff_ffff ? null : rttUs;
}
