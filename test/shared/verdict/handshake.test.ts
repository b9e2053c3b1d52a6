import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type HandshakeFacts, judgeHandshake } from "../../../shared/verdict/handshake.js";
import { SYN_VERDICTS } from "../../../shared/verdict/names.js";

const PROVED: HandshakeFacts = {
  joinReset: true,
  synVerdict: "claims-v1",
  dataAcked: true,
  dssSeen: true,
  dataAckRight: true,
  altered: false,
};

describe("verdict on a handshake", () => {
  it.each<[string, Partial<HandshakeFacts>, string, string]>([
    ["proof by DATA_ACK", {}, "dss-proved", ""],
    ["no MP_TCPRST", { joinReset: false }, "dss-proved", ""],
    ["data that was changed", { altered: true }, "dss-proved", "payload-altered"],
    ["MP_TCPRST and no DSS", { dssSeen: false, dataAckRight: false }, "join-reset", "dss-stripped"],
    [
      "MP_TCPRST and nothing behind the claim",
      { dataAcked: false, dssSeen: false, dataAckRight: false },
      "join-reset",
      "",
    ],
    ["a claim and plain TCP", { joinReset: false, dssSeen: false, dataAckRight: false }, "fell-back", ""],
    ["DSS that ends early", { joinReset: false, dataAckRight: false }, "fell-back", "dss-stripped"],
    [
      "a claim and silence",
      { joinReset: false, dataAcked: false, dssSeen: false, dataAckRight: false },
      "unconfirmed",
      "",
    ],
    ["RST", { ...none(), synVerdict: "rst" }, "unconfirmed", ""],
    ["a plain SYN/ACK", { ...none(), synVerdict: "plain" }, "fell-back", ""],
    ["an echo", { ...none(), synVerdict: "echo" }, "fell-back", ""],
    ["MP_TCPRST and a stripped SYN/ACK", { ...none(), joinReset: true, synVerdict: "plain" }, "join-reset", ""],
  ])("after %s", (_name, facts, verdict, after) => {
    expect(judgeHandshake({ ...PROVED, ...facts })).toEqual({ verdict, after });
  });

  it("never is proof without a right DATA_ACK or an MP_TCPRST", () => {
    const facts = fc.record({
      joinReset: fc.constant(false),
      synVerdict: fc.constantFrom(...SYN_VERDICTS),
      dataAcked: fc.boolean(),
      dssSeen: fc.boolean(),
      dataAckRight: fc.constant(false),
      altered: fc.boolean(),
    });
    fc.assert(fc.property(facts, (one) => ["fell-back", "unconfirmed"].includes(judgeHandshake(one).verdict)));
  });
});

function none(): Partial<HandshakeFacts> {
  return { joinReset: false, dataAcked: false, dssSeen: false, dataAckRight: false };
}
