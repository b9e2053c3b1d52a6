import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { SourceBook } from "../../../coordinator/campaign/source-book.js";
import { nextPart } from "../../../coordinator/campaign/turns.js";
import { transition } from "../../../coordinator/lease/machine.js";
import { newSource, type SourceState } from "../../../coordinator/lease/state.js";

const TIMING = { leaseTtlMs: 1_000, goneAfterMs: 60_000 };

/** A source of which a vantage point has leases, made by the lease machine. */
function bookOf(order: string, vantage: string, size: number) {
  let state: SourceState = newSource(`c/${order}/${vantage}`, size);
  const book = {
    record: { order, vantage, size },
    get state() {
      return state;
    },
    lease(from: number, length: number) {
      const event = { agent: vantage, instance: "1", spool: "1", vantage, overrun: 0, packetsPerSecond: 1 };
      state = transition(state, { type: "request", ...event, from, size: length, nowMs: 0, wallMs: 0 }, TIMING).state;
    },
    done(done: number) {
      const marks = state.leases.of(vantage).map(({ id, epoch, from, to }) => {
        const mark = Math.min(to, Math.max(from, done));
        return { lease: id, epoch, sent: mark, done: mark, committed: mark };
      });
      const heard = { agent: vantage, instance: "1", marks, first: false, nowMs: 0 };
      state = transition(state, { type: "heartbeat", ...heard }, TIMING).state;
    },
  };
  return book as typeof book & SourceBook;
}

describe("what a vantage point may ask next", () => {
  it("is the first that is free where nobody else asks the same targets", () => {
    const book = bookOf("synscan/v4/80/fra", "fra", 100);
    book.lease(0, 30);

    expect(nextPart([book, bookOf("synscan/v4/443", "sin", 100)], book, { size: 50 })).toEqual({ from: 30, to: 80 });
    expect(nextPart([book], book, { size: 50, end: 40 })).toEqual({ from: 30, to: 40 });
    expect(nextPart([book], book, { size: 50, end: 30 })).toBeNull();
  });

  it("begins at a part of its own, and goes on to the others'", () => {
    const books = ["fra", "sin", "syd"].map((vantage) => bookOf("synscan/v4/80", vantage, 99));
    const [fra, sin, syd] = books as [SourceBook, ReturnType<typeof bookOf>, ReturnType<typeof bookOf>];

    expect(books.map((book) => nextPart(books, book, { size: 1_000 }))).toEqual([
      { from: 0, to: 33 },
      { from: 33, to: 66 },
      { from: 66, to: 99 },
    ]);
    sin.lease(33, 33);
    expect(nextPart(books, sin, { size: 10 })).toEqual({ from: 66, to: 76 });
    syd.lease(66, 33);
    expect(nextPart(books, sin, { size: 10 })).toEqual({ from: 0, to: 10 });
    syd.done(80);
    expect(nextPart(books, sin, { size: 10 })).toEqual({ from: 66, to: 76 });
    expect(nextPart(books, fra, { size: 10 })).toEqual({ from: 0, to: 10 });
  });

  it("is nothing while the others hold all that is left", () => {
    const books = ["fra", "sin"].map((vantage) => bookOf("synscan/v4/80", vantage, 10));
    const [fra, sin] = books as [ReturnType<typeof bookOf>, ReturnType<typeof bookOf>];
    fra.lease(0, 10);

    expect(nextPart(books, sin, { size: 10 })).toBeNull();
    fra.done(4);
    expect(nextPart(books, sin, { size: 10 })).toEqual({ from: 0, to: 4 });
  });

  it("is free, and nobody else's, whatever was leased and done", () => {
    const steps = fc.array(fc.record({ who: fc.nat(2), size: fc.integer({ min: 1, max: 20 }), done: fc.nat(60) }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), steps, (size, all) => {
        const books = ["fra", "sin", "syd"].map((vantage) => bookOf("synscan/v4/80", vantage, size));
        for (const { who, size: wanted, done } of all) {
          const book = books[who] as ReturnType<typeof bookOf>;
          const part = nextPart(books, book, { size: wanted });
          if (part !== null) {
            const held = (at: number) =>
              books.some((other) =>
                [...other.state.leases].some((lease) => other !== book && lease.done <= at && at < lease.to),
              );
            const indices = Array.from({ length: part.to - part.from }, (_, i) => part.from + i);
            expect(indices.length).toBeGreaterThan(0);
            expect(indices.length).toBeLessThanOrEqual(wanted);
            expect(indices.some(held)).toBe(false);
            const before = book.state.leases.size;
            book.lease(part.from, part.to - part.from);
            expect(book.state.leases.size).toBe(before + 1);
          } else {
            // Then all that is free is held by others.
            for (const { from, to } of book.state.free) {
              for (let at = from; at < to; at++) {
                expect(
                  books.some((other) =>
                    [...other.state.leases].some((lease) => other !== book && lease.done <= at && at < lease.to),
                  ),
                ).toBe(true);
              }
            }
          }
          book.done(done);
        }
      }),
      { numRuns: 300 },
    );
  });
});
