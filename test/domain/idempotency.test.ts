import { describe, expect, it } from "vitest";
import { inputHash } from "../../src/domain/idempotency.ts";

describe("the hash of an input", () => {
  it("is the same in any order of the fields, whatever is undefined", () => {
    expect(inputHash({ b: 1, a: "x" })).toBe(inputHash({ a: "x", b: 1, d: undefined }));
  });

  it("differs with a null, which may clear what a field left out would keep", () => {
    expect(inputHash({ a: "x", b: null })).not.toBe(inputHash({ a: "x" }));
  });

  it("is the same for the same fields further down, and differs by the order of a list", () => {
    expect(inputHash({ a: [{ b: 1, c: undefined, d: "x" }] })).toBe(inputHash({ a: [{ d: "x", b: 1 }] }));
    expect(inputHash({ a: [1, 2] })).not.toBe(inputHash({ a: [2, 1] }));
  });

  it("differs with any value, also one that looks alike", () => {
    const hashes = [{ a: 1 }, { a: "1" }, { a: true }, { a: "true" }, { b: 1 }, { a: 1, b: 1 }].map(inputHash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
