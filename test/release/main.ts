import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VERSION } from "../../shared/version.js";
import { startIngest } from "../integration/agent/ingest.js";
import { startSimAgent } from "../integration/canary/sim-agent.js";
import { createSwitchedWorld } from "../integration/canary/switched-world.js";
import { createTestBroker } from "../integration/publish/broker.js";
import { RECORDING_FILE, writeRecording } from "./recording.js";
import { startRelay } from "./relay.js";
import { startScenario } from "./scenario.js";

// `npm run record:session`: what an agent and a coordinator of this version say to each other, into RECORDING_FILE. At a
// release, so that the next version's tests can hold both of its programs against this one's.

const folder = mkdtempSync(join(tmpdir(), "parallax-record-"));
const broker = await createTestBroker();
await broker.start();
const ingest = await startIngest(broker);
ingest.commitAll();
const { agent: identity } = broker;
const scenario = await startScenario(broker, identity.name);
const address = `127.0.0.1:${scenario.coordinator.server.port}`;
const relay = await startRelay({ tls: broker.identity.tls, identity, coordinator: address });
const { world } = createSwitchedWorld([]);
const { name, vantage } = identity;
const agent = startSimAgent({ folder, agents: relay.address, broker: broker.url, identity, name, vantage, world });
const { finished, cancelled } = await scenario.run();
const messages = [...relay.messages];
await agent.stop();
await relay.stop();
await scenario.stop();
await ingest.stop();
await broker.remove();
rmSync(folder, { recursive: true, force: true });
if (finished.state !== "finished" || cancelled.state !== "cancelled") {
  throw new Error(`the campaigns did not end as they should: ${JSON.stringify([finished, cancelled])}`);
}
writeRecording(RECORDING_FILE, { version: VERSION, messages });
process.stdout.write(`${messages.length} messages of version ${VERSION} are in ${RECORDING_FILE}\n`);
