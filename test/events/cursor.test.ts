import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CursorError, decodeLogCursor, decodeRecoveryCursor, encodeLogCursor, encodeRecoveryCursor } from "../../src/events/cursor.ts";

const generation = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const sequence = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const position = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const id = "019ab2f0-0000-7000-8000-000000000001";
const otherId = "019ab2f0-0000-7000-8000-000000000002";

const reasonOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof CursorError) return error.reason;
    throw error;
  }
  return "none";
};

describe("a cursor", () => {
  it("leads back to the place it was made for", () => {
    fc.assert(
      fc.property(generation, fc.uuid(), sequence, (made, recoveryId, at) => {
        const text = encodeRecoveryCursor({ generation: made, recoveryId, sequence: at });
        expect(text).toMatch(/^[\w-]{1,128}$/);
        expect(decodeRecoveryCursor(text, { recoveryId, generation: made, newest: at })).toBe(at);
      }),
    );
    fc.assert(
      fc.property(generation, position, (made, at) => {
        const text = encodeLogCursor({ generation: made, position: at });
        expect(decodeLogCursor(text, { generation: made, keptAfter: at, newest: at })).toBe(at);
      }),
    );
  });

  it("is refused with a CursorError, whatever else is sent in its place", () => {
    const parts = fc.array(fc.oneof(fc.constantFrom("1", "2", "r", "l", "", "-1", "01", "1e3", " 1", "9".repeat(19), id), fc.string()));
    const text = fc.oneof(
      fc.string({ unit: "binary-ascii" }),
      fc.constantFrom("\u00e9\u{1F600}", "x".repeat(10_000)),
      fc.base64String(),
      parts.map((all) => Buffer.from(all.join(".")).toString("base64url")),
    );
    fc.assert(
      fc.property(text, (sent) => {
        const recovery = reasonOf(() => decodeRecoveryCursor(sent, { recoveryId: otherId, generation: 1 }));
        expect(["INVALID", "OTHER_STREAM"]).toContain(recovery);
        const log = reasonOf(() => decodeLogCursor(sent, { generation: 0 }));
        expect(["INVALID", "CURSOR_EXPIRED"]).toContain(log);
      }),
    );
  });

  it("has one spelling only", () => {
    const text = encodeLogCursor({ generation: 1, position: 7n });
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        fc.pre(text[at] !== character);
        const sent = text.slice(0, at) + character + text.slice(at + 1);
        const place = reasonOf(() => decodeLogCursor(sent, { generation: 1 }));
        if (place === "none") expect(decodeLogCursor(sent, { generation: 1 })).not.toBe(7n);
      }),
    );
  });

  it("of the log is no cursor of a recovery, and the other way round", () => {
    const log = encodeLogCursor({ generation: 1, position: 7n });
    const recovery = encodeRecoveryCursor({ generation: 1, recoveryId: id, sequence: 7 });
    expect(reasonOf(() => decodeRecoveryCursor(log, { recoveryId: id, generation: 1 }))).toBe("INVALID");
    expect(reasonOf(() => decodeLogCursor(recovery, { generation: 1 }))).toBe("INVALID");
  });

  it("of another recovery is OTHER_STREAM", () => {
    const text = encodeRecoveryCursor({ generation: 1, recoveryId: id, sequence: 7 });
    expect(reasonOf(() => decodeRecoveryCursor(text, { recoveryId: otherId, generation: 1 }))).toBe("OTHER_STREAM");
  });

  it("has expired when the database is another one, its place is gone, or was never reached", () => {
    const recovery = encodeRecoveryCursor({ generation: 1, recoveryId: id, sequence: 7 });
    const log = encodeLogCursor({ generation: 1, position: 7n });
    expect(reasonOf(() => decodeRecoveryCursor(recovery, { recoveryId: id, generation: 2 }))).toBe("CURSOR_EXPIRED");
    expect(reasonOf(() => decodeRecoveryCursor(recovery, { recoveryId: id, generation: 1, newest: 6 }))).toBe("CURSOR_EXPIRED");
    expect(reasonOf(() => decodeLogCursor(log, { generation: 2 }))).toBe("CURSOR_EXPIRED");
    expect(reasonOf(() => decodeLogCursor(log, { generation: 1, keptAfter: 8n }))).toBe("CURSOR_EXPIRED");
    expect(reasonOf(() => decodeLogCursor(log, { generation: 1, newest: 6n }))).toBe("CURSOR_EXPIRED");
  });
});
