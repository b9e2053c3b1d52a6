import { describe, it } from "@jest/globals";
import { DRIVERS } from "../../../agent/wire/port.js";
import { describePort } from "../../agent/wire/port-conformance.js";
import { createPortLab, whyNotHere } from "./port-lab.js";

for (const driver of DRIVERS) {
  const why = whyNotHere(driver);
  if (why === null) {
    describePort(driver, () => createPortLab(driver));
  } else {
    process.stderr.write(`the driver ${driver} is not tested: ${why}\n`);
    describe.skip(`a port of the driver ${driver}`, () => it(why, () => undefined));
  }
}
