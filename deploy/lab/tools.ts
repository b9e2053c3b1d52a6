import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Programs that the lab runs; deploy/setup.sh installs them. */
export const LAB_TOOLS = ["ip", "iptables", "ip6tables", "nft", "ethtool", "nsenter", "unshare"];

/** In front of a shell command: administrators' folders may be outside a user's PATH. */
export const SYSTEM_PATH = "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin;";

/** Those of the lab's programs that are not installed here. */
export async function missingLabTools(): Promise<string[]> {
  const isThere = (tool: string) =>
    run("sh", ["-c", `${SYSTEM_PATH} command -v ${tool}`]).then(
      () => true,
      () => false,
    );
  const found = await Promise.all(LAB_TOOLS.map(isThere));
  return LAB_TOOLS.filter((_, i) => found[i] !== true);
}
