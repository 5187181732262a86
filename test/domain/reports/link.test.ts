import { describe, expect, it } from "vitest";
import { packLink } from "../../../src/domain/evidence/link.ts";
import { reportLink } from "../../../src/domain/reports/link.ts";
import { checkSignature, requireGood, signedPath } from "../../../src/domain/signed-link.ts";

const key = Buffer.alloc(32, 7);
const report = "0190aaaa-0000-7000-8000-000000000001";
const now = Date.parse("2026-02-01T00:00:00Z");
const signed = (path: string) => {
  const { searchParams } = new URL(path, "http://x");
  return { expires: searchParams.get("expires") ?? "", signature: searchParams.get("signature") ?? "" };
};

describe("a link to a report", () => {
  it("is good for five minutes, to the second, and says since when it is not", () => {
    const link = signed(signedPath(reportLink, key, report, now));
    expect(checkSignature(reportLink, key, report, link, now + 299_999)).toEqual({ is: "GOOD" });
    expect(checkSignature(reportLink, key, report, link, now + 300_000)).toEqual({ is: "LATE", expiredAt: new Date(now + 300_000) });
  });

  it("is another one each second", () => {
    expect(signedPath(reportLink, key, report, now)).not.toBe(signedPath(reportLink, key, report, now + 1_000));
  });

  it("is no link with another key, report, end, to another thing, or a signature that is changed, cut, or written otherwise", () => {
    const link = signed(signedPath(reportLink, key, report, now));
    const wrong = [
      checkSignature(reportLink, Buffer.alloc(32, 8), report, link, now),
      checkSignature(reportLink, key, "0190aaaa-0000-7000-8000-000000000002", link, now),
      checkSignature(reportLink, key, report, { ...link, expires: String(Number(link.expires) + 1) }, now),
      checkSignature(reportLink, key, report, { ...link, expires: `${link.expires}.0` }, now),
      checkSignature(reportLink, key, report, { ...link, signature: link.signature.slice(0, -4) }, now),
      checkSignature(reportLink, key, report, { ...link, signature: `${link.signature}=` }, now),
      checkSignature(reportLink, key, report, { ...link, signature: "" }, now),
      checkSignature(packLink, key, report, link, now),
    ];
    expect(wrong).toEqual(wrong.map(() => ({ is: "WRONG" })));
    for (const bad of [{ is: "WRONG" }, { is: "LATE", expiredAt: new Date(now) }] as const)
      expect(() => requireGood(bad, "packUrl")).toThrow(
        expect.objectContaining({ remedy: expect.stringContaining("Read the field packUrl again") }),
      );
  });
});
