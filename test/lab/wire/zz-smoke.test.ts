import { it } from "@jest/globals";
import { setTimeout as sleep } from "node:timers/promises";
import { openPacketPort, planPort } from "../../../agent/wire/open-port.js";
import { createTopology, HOSTS, VANTAGE } from "./topology.js";
it("x", async () => {
  const ns = createTopology();
  try {
    await ns.insideAsync(VANTAGE, async () => {
      const plan = await planPort({ driver: "portable" });
      const port = openPacketPort(plan);
      ns.run(VANTAGE, "ip link set up0 down");
      await sleep(300);
      console.log("alive");
      const p = new Uint8Array(40); 
      p[0]=0x45; p[3]=40; p[8]=64; p[9]=1; p.set([192,0,2,1],12); p.set([198,18,0,1],16); p[20]=8; p[22]=0xf7; p[23]=0xff;
      port.slot(0).set(p); port.setLength(0, 40);
      console.log(port.send(1));
      await sleep(300);
      console.log(port.sendStats());
      try { port.send(1); } catch (e) { console.log(String(e)) }
      port.close();
    });
  } finally { ns.destroy(); }
}, 20000);
