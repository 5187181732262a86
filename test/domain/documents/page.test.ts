import { expect, it } from "vitest";
import type { ReportDocument } from "../../../src/domain/documents/model.ts";
import { htmlOf } from "../../../src/domain/documents/writers/html.ts";

const document: ReportDocument = {
  type: "TEST_HISTORY",
  title: "Test history",
  pageSize: "A4",
  madeAt: "2026-01-15T14:30:05.000Z",
  madeFor: "<ada>",
  rangeStart: "2026-01-01T00:00:00.000Z",
  rangeEnd: "2026-01-15T00:00:00.000Z",
  factsHash: "ab".repeat(32),
  plans: ["Office", "Shop"],
  verdict: { level: "GOOD", sentence: "Both were tested." },
  summary: [],
  sections: [],
};

it("a page says for whom it was made and of how many plans, and one of a run who started that", () => {
  const line = (more: Partial<ReportDocument>) => /<p class="dim">(.*)<\/p>/.exec(htmlOf({ ...document, ...more }))?.[1];
  const time = `<time datetime="${document.madeAt}">2026-01-15 14:30:05 UTC</time>`;
  expect(line({})).toBe(`Made ${time} for <bdi>&#60;ada&#62;</bdi> · 2 plans`);
  expect(line({ plans: ["Office"] })).toBe(`Made ${time} for <bdi>&#60;ada&#62;</bdi> · 1 plan`);
  expect(line({ type: "RECOVERY" })).toBe(`As it stood at its end, ${time} · started by <bdi>&#60;ada&#62;</bdi>`);
});
