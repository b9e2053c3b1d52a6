import { describe, expect, it } from "@jest/globals";
import { patient } from "../../../coordinator/metrics/answers.js";

describe("a part that is asked for numbers", () => {
  it("has none when it fails", async () => {
    const ask = patient(() => Promise.reject(new Error("away")));
    expect(await ask()).toBeNull();
  });

  it("has none when it takes too long, is not asked again meanwhile, and is asked again afterwards", async () => {
    let asked = 0;
    const open: ((value: number) => void)[] = [];
    const ask = patient(
      () =>
        new Promise<number>((resolve) => {
          asked++;
          open.push(resolve);
        }),
      1,
    );
    expect([await ask(), await ask(), asked]).toEqual([null, null, 1]);
    const late = ask();
    open[0]?.(7);
    expect(await late).toBe(7);
    const next = ask();
    open[1]?.(8);
    expect([await next, asked]).toEqual([8, 2]);
  });
});
