import { execFileSync, fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { errorMessage, UserError } from "../../shared/errors.js";
import { buildTopology, inNamespace } from "./build.js";
import type { LabMessage, LabRequest } from "./messages.js";
import { startProcess } from "./process.js";
import { BOXES } from "./topology.js";
import type { WorldAnswer, WorldStart } from "./world.js";

/**
 * The lab's first process, in mount and process namespaces of its own. When its owner goes, by whatever way, the channel
 * closes and it ends; the kernel then ends every process below it, and with the last one go namespaces, links and rules.
 */
process.on("disconnect", () => process.exit(0));
process.on("message", ({ number, request }: { number: number; request: LabRequest }) => {
  handle(request).then(
    (value) => tell({ type: "answer", to: number, value }),
    (error: unknown) => {
      const remedy = error instanceof UserError ? error.remedy : "see the message";
      tell({ type: "error", to: number, message: errorMessage(error), remedy });
    },
  );
});
// Named namespaces are files in /run/netns: with a /run of its own nobody else sees them, and nobody must remove them.
execFileSync("mount", ["-t", "tmpfs", "tmpfs", "/run"]);
mkdirSync("/run/netns");
tell({ type: "ready" });

async function handle(request: LabRequest): Promise<unknown> {
  switch (request.type) {
    case "build":
      await buildTopology(request.topology);
      return startWorld(request.world);
    case "start":
      return startProcess(["nsenter", `--net=/run/netns/${request.namespace}`, ...request.argv], request, tell);
    case "kill":
      process.kill(request.pid, request.signal);
      return null;
    case "exec":
      return inNamespace(request.namespace, request.argv);
  }
}

/** The world process lives in the namespace of the boxes. */
function startWorld(world: WorldStart): Promise<null> {
  const program = fileURLToPath(new URL("./world.js", import.meta.url));
  const child = fork(program, [], {
    execPath: "nsenter",
    execArgv: [`--net=/run/netns/${BOXES}`, process.execPath],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  let ready = false;
  return new Promise((resolve, reject) => {
    const fail = (message: string) => reject(new UserError(message, { remedy: "see the message" }));
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => {
      const reason = `the lab's servers ended (${signal ?? `exit code ${code}`})`;
      fail(reason);
      // A lab without them would look like an Internet full of silent hosts.
      if (ready) endWith(reason);
    });
    child.once("message", (answer: WorldAnswer) => {
      if (answer.type === "failed") fail(answer.message);
      else {
        ready = true;
        resolve(null);
      }
    });
    child.send(world);
  });
}

function endWith(reason: string): void {
  process.stderr.write(`${reason}\n`, () => process.exit(1));
}

function tell(message: LabMessage): void {
  process.send?.(message);
}
