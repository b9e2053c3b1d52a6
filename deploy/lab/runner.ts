import { errorMessage } from "../../shared/errors.js";
import type { LabMessage, LabRequest } from "./messages.js";
import { startProcess } from "./process.js";

/**
 * The first process of a simulated lab: starts the agents. Without namespaces the kernel does not end them with it, so it
 * does so itself when its owner goes, by whatever way.
 */
const running = new Set<number>();
process.on("disconnect", () => {
  for (const pid of running) process.kill(pid, "SIGKILL");
  process.exit(0);
});
process.on("message", ({ number, request }: { number: number; request: LabRequest }) => {
  handle(request).then(
    (value) => tell({ type: "answer", to: number, value }),
    (error: unknown) => tell({ type: "error", to: number, message: errorMessage(error), remedy: "see the message" }),
  );
});
tell({ type: "ready" });

async function handle(request: LabRequest): Promise<unknown> {
  switch (request.type) {
    case "start": {
      const pid = await startProcess(request.argv, request, tell);
      running.add(pid);
      return pid;
    }
    case "kill":
      process.kill(request.pid, request.signal);
      return null;
    case "build":
    case "exec":
      throw new Error(`a simulated lab has no namespaces to ${request.type} in`);
  }
}

function tell(message: LabMessage): void {
  if (message.type === "exited") running.delete(message.pid);
  process.send?.(message);
}
