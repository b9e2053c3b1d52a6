import { describe, expect, it } from "@jest/globals";
import { chooseFields } from "../../../shared/zmap/fields.js";
import { createRowFormat } from "../../../shared/zmap/format.js";
import { icmpError, synAck } from "./replies.js";

describe("lines of JSON", () => {
  it("are one document a reply, without the fields that it does not have", () => {
    const format = createRowFormat("json", chooseFields("saddr,sport,success,receiver_key,icmp_type"), true);
    expect(format.header).toBe("");
    expect(format.row(synAck())).toBe(
      '{"saddr":"198.18.0.2","sport":8080,"success":true,"receiver_key":"3677adf2e54e3993"}\n',
    );
    expect(format.row(icmpError())).toBe('{"saddr":"198.18.0.2","success":false,"icmp_type":3}\n');
  });

  it("are readable with every field there is, and without any", () => {
    const format = createRowFormat("json", chooseFields("*"), true);
    for (const reply of [synAck(), icmpError()]) {
      const document: unknown = JSON.parse(format.row(reply));
      const expected = chooseFields("*").map((field) => [field.name, field.value(reply)] as const);
      expect(document).toEqual(Object.fromEntries(expected.filter(([, value]) => value !== null)));
    }
    expect(createRowFormat("json", chooseFields("icmp_type"), true).row(synAck())).toBe("{}\n");
  });
});

describe("CSV", () => {
  it("has a header, 1 and 0 for truth, and empty columns for what a reply does not have", () => {
    const format = createRowFormat("csv", chooseFields("saddr,success,repeat,sport,icmp_type"), true);
    expect(format.header).toBe("saddr,success,repeat,sport,icmp_type\n");
    expect(format.row(synAck())).toBe("198.18.0.2,1,0,8080,\n");
    expect(format.row(icmpError())).toBe("198.18.0.2,0,0,,3\n");
  });

  it("has as many columns as names, whatever the reply", () => {
    const format = createRowFormat("csv", chooseFields("*"), true);
    const columns = (line: string): number => line.split(",").length;
    expect(columns(format.row(synAck()))).toBe(columns(format.header));
    expect(columns(format.row(icmpError()))).toBe(columns(format.header));
  });

  it("leaves the header out where it is not wanted", () => {
    expect(createRowFormat("csv", chooseFields("saddr"), false).header).toBe("");
  });
});
