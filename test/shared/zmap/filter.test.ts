import { describe, expect, it } from "@jest/globals";
import { UserError } from "../../../shared/errors.js";
import { parseFilter } from "../../../shared/zmap/filter.js";
import { icmpError, synAck } from "./replies.js";

describe("an output filter", () => {
  it.each([
    ["", true, true],
    ["success = 1 && repeat = 0", true, false],
    ["success=1&&repeat=0", true, false],
    ["success = 0", false, true],
    ['classification = "icmp"', false, true],
    ["classification != 'icmp'", true, false],
    ["sport >= 8080", true, false],
    ["sport > 8080", false, false],
    ["icmp_code <= 13", false, true],
    ["icmp_code < 13", false, false],
    ["sport != 80", true, true],
    ['verdict = "claims-v1" || icmp_type = 3', true, true],
    // && binds tighter: true || (true && false).
    ["ttl = 64 || success = 1 && sport = 1", true, true],
    ["sport = 1 || sport = 2 || sport = 8080", true, false],
    ["(ttl = 64 || success = 1) && sport = 1", false, false],
    ["timestamp-ts > 1000", true, true],
  ])("%p lets an open port through: %p, an ICMP error: %p", (text, ofSynAck, ofIcmp) => {
    const filter = parseFilter(text);
    expect(filter(synAck())).toBe(ofSynAck);
    expect(filter(icmpError())).toBe(ofIcmp);
  });

  it.each([
    ["sucess = 1", '"sucess"'],
    ["success", "it ends too early"],
    ["success = ", "success = is not followed by a number"],
    ["success = yes", "success = is not followed by a number"],
    ["saddr = 5", "saddr = is not followed by text"],
    ['saddr < "a"', "saddr is text, which has only = and !="],
    ["(success = 1", "it ends too early"],
    ["success = 1)", '")"'],
    ["success = 1 repeat = 0", '"repeat"'],
    ["success == 1", "success = is not followed by a number"],
    ["success = 1 & repeat = 0", '"& repeat = 0"'],
    ["success & 1", '"& 1"'],
    ["= 1", '"="'],
  ])("%p is refused with one line that names %s", (text, part) => {
    try {
      parseFilter(text);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).exitCode).toBe(2);
      expect((error as UserError).message).toContain("--output-filter");
      expect((error as UserError).message).toContain(part);
      return;
    }
    throw new Error("it was accepted");
  });
});
