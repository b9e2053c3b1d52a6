/** Text that a DateTime64 column takes, UTC. */
export function clickhouseTime(unixMs: number): string {
  return new Date(unixMs).toISOString().replace("T", " ").replace("Z", "");
}
