import { describe, expect, it } from "@jest/globals";
import { ownRules } from "../../../agent/cli/allowed.js";
import { checkNumber } from "../../../agent/cli/numbers.js";
import { rowToJson } from "../../../agent/cli/row-json.js";
import { listAddresses, parseChoices, parsePorts, parseTargets } from "../../../agent/cli/targets.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";

function refusal(work: () => unknown): UserError {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("targets on the command line", () => {
  it("joins overlapping IPv4 prefixes and writes out small IPv6 ones", () => {
    const asked = parseTargets(["198.18.0.0/30", "198.18.0.2", "2001:db8::4/126", "2001:db8::5"]);
    expect(listAddresses(asked).map(formatAddress)).toEqual([
      "198.18.0.0",
      "198.18.0.1",
      "198.18.0.2",
      "198.18.0.3",
      "2001:db8::4",
      "2001:db8::5",
      "2001:db8::6",
      "2001:db8::7",
    ]);
  });

  it.each(["198.18.0.256", "example", "198.18.0.1/33", "198.18.0.1/24", ""])("names %p as no target", (text) => {
    const error = refusal(() => parseTargets([text]));
    expect(error.message).toContain(JSON.stringify(text));
    expect(error.exitCode).toBe(2);
  });

  it("does not write out what is too large", () => {
    expect(refusal(() => parseTargets(["2001:db8::/64"])).message).toContain("2001:db8::/64 has too many addresses");
    expect(refusal(() => listAddresses(parseTargets(["198.18.0.0/15"]))).exitCode).toBe(2);
  });

  it.each(["0", "65536", "80,", "http", "-1", "80;81", "81-80", "80-65536", "1-2-3"])(
    "names --port %s as no list of ports",
    (text) => {
      expect(refusal(() => parsePorts("--port", text)).message).toContain(text);
    },
  );

  it("reads ports and choices once each", () => {
    expect(parsePorts("--port", "443,80,443")).toEqual([443, 80]);
    expect(parsePorts("--port", "79-81,80,9")).toEqual([79, 80, 81, 9]);
    expect(parseChoices("--variant", "v1,v0,v1", ["v0", "v1"])).toEqual(["v1", "v0"]);
    expect(refusal(() => parseChoices("--variant", "v0,v9", ["v0", "v1"])).line).toBe(
      '--variant: "v9" is not known; use v0, v1',
    );
  });

  it.each([0, 1.5, Number.NaN, 11])("refuses %p outside its range", (value) => {
    expect(refusal(() => checkNumber("--rate", value, 1, 10)).exitCode).toBe(2);
  });
});

describe("an agent's own rules on the command line", () => {
  const asked = (text: string) => ({ ports: [80], ranges: [], listed: [{ address: parseAddress(text), port: 80 }] });

  it("without a file allow neither special-purpose prefixes nor, for want of a contact, the Internet", () => {
    const rules = ownRules(undefined);
    for (const text of ["198.18.0.1", "10.0.0.1", "2001:db8::1", "1.1.1.1", "2606:4700::1"]) {
      const error = refusal(() => rules.check(asked(text)));
      expect(error.exitCode).toBe(2);
      expect(error.line).toContain("--config");
    }
  });
});

describe("rows as JSON", () => {
  it("have addresses as text and bytes and keys as hexadecimal digits", () => {
    const json: unknown = JSON.parse(
      rowToJson({
        table: "syn_replies",
        source: "s",
        index: 3,
        target: parseAddress("2001:db8::1"),
        port: 80,
        variant: "v1",
        verdict: "claims-v1",
        receivedAtUs: 1,
        rttUs: null,
        responder: parseAddress("198.18.0.1"),
        ttl: 64,
        tcpFlags: 18,
        window: 1,
        receiverKey: 0xabcn,
        options: Uint8Array.of(2, 4, 5, 0xb4),
        icmpType: 0,
        icmpCode: 0,
        quote: new Uint8Array(0),
      }),
    );
    expect(json).toMatchObject({
      target: "2001:db8::1",
      responder: "198.18.0.1",
      receiverKey: "0000000000000abc",
      options: "020405b4",
      quote: "",
      rttUs: null,
    });
  });
});
