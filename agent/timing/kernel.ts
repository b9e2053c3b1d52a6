import { readFileSync } from "node:fs";
import { errorCode, UserError } from "../../shared/errors.js";

/** Of the network namespace of this process. */
const FOLDER = "/proc/sys/net/mptcp";

/**
 * Throws UserError when this kernel's MPTCP connections do not show what becomes of MPTCP on the way: there is none, it is
 * off, or after one SYN with MP_CAPABLE that got no answer it would be off for a while, in the whole namespace (Linux 6.12
 * and later, `blackhole_timeout`).
 */
export function needMptcpKernel(folder = FOLDER): void {
  const enabled = setting(folder, "enabled");
  if (enabled === null) {
    throw new UserError("this kernel has no MPTCP", {
      remedy: "time from a Linux kernel that has it (5.6 or later, CONFIG_MPTCP)",
    });
  }
  if (enabled === 0) {
    throw new UserError("MPTCP is off in this kernel (net.mptcp.enabled is 0)", {
      remedy: "run `sysctl -w net.mptcp.enabled=1`",
    });
  }
  const blackholeSeconds = setting(folder, "blackhole_timeout");
  if (blackholeSeconds !== null && blackholeSeconds !== 0) {
    throw new UserError(
      `net.mptcp.blackhole_timeout is ${blackholeSeconds}: one dropped SYN would turn MPTCP off for all later ones`,
      { remedy: "run `sysctl -w net.mptcp.blackhole_timeout=0`" },
    );
  }
}

/** Null where the kernel has no such setting. */
function setting(folder: string, name: string): number | null {
  try {
    return Number(readFileSync(`${folder}/${name}`, "utf8"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw new UserError(`${folder}/${name} cannot be read (${errorCode(error)})`, {
      remedy: "let this program read /proc/sys/net",
      cause: error,
    });
  }
}
