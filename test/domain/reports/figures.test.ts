/** Every figure of every report, recomputed from plain rows by another way, over histories that are hard to count. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { definitionsOf, type Figure, type ReportDocument } from "../../../src/domain/reports/document/model.ts";
import { makeDocument } from "../../../src/domain/reports/make.ts";
import { csvOf } from "../../../src/domain/reports/writers/csv.ts";
import { writePdf } from "../../../src/domain/reports/writers/pdf/write.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { aHistory, type HistoryPlans, range } from "./history/history.ts";
import { recompute } from "./recomputed.ts";

let db: TestDatabase;
const histories: HistoryPlans[] = [];
beforeAll(async () => {
  db = await freshDatabase();
  for (const seed of [1, 2, 3]) histories.push(await aHistory(db.database, seed));
});
afterAll(() => db.drop());

const types = ["RPO_RTO_COMPLIANCE", "TEST_HISTORY", "PROTECTION_STATUS"] as const;
const make = (type: (typeof types)[number] | "RECOVERY_READINESS", planIds: readonly string[] = []) =>
  makeDocument(db.database.pool, { type, pageSize: "A4", rangeStart: range.start, rangeEnd: range.end, planIds, requestedBy: "ada" });
const valuesOf = (figures: readonly Figure[]) => Object.fromEntries(figures.map(({ name, value }) => [name, value]));
/** Figures that another test looks at. */
const counts = new Set([
  "plans",
  "plansGood",
  "plansBad",
  "plansNotJudged",
  "plansTested",
  "plansUntested",
  "rpoTargetSeconds",
  "rtoTargetSeconds",
  "vmsUnprotected",
]);
const measured = (figures: readonly Figure[], besides: readonly string[] = []) =>
  valuesOf(figures.filter(({ name }) => !counts.has(name) && !besides.includes(name)));

const sectionOf = ({ sections }: ReportDocument, start: string) => sections.find(({ title }) => title.startsWith(start))?.figures ?? [];

describe.each(types)("the figures of %s", (type) => {
  const besides = type === "RPO_RTO_COMPLIANCE" ? ["vms"] : [];

  it("are those of the rows, over all plans and histories together", async () => {
    const document = await make(type);
    const expected = await recompute(db.database, null, new Date(document.madeAt));
    expect(measured(document.summary, besides)).toEqual(expected[type]);
  });

  it("are those of the rows for each plan: busy, only failing, without runs, without a target, deleted", async () => {
    for (const [index, plans] of histories.entries()) {
      const document = await make(type, Object.values(plans));
      for (const [name, planId] of Object.entries(plans)) {
        const expected = await recompute(db.database, planId, new Date(document.madeAt));
        const found = measured(sectionOf(document, `${name}-${index + 1}`), besides);
        expect({ name, ...found }).toEqual({ name, ...expected[type] });
      }
    }
  });
});

describe("a report", () => {
  it("counts plans by their verdict, and names the deleted ones that have runs in the range", async () => {
    const document = await make("TEST_HISTORY", Object.values(histories[0] ?? {}));
    expect(valuesOf(document.summary)).toMatchObject({ plans: 5, plansTested: 4, plansUntested: 1 });
    expect(document.plans).toEqual(["busy-1", "deleted-1 (deleted)", "failing-1", "idle-1", "untargeted-1"]);
    const levels = Object.fromEntries(document.sections.flatMap(({ title, verdict }) => (verdict ? [[title, verdict.level]] : [])));
    expect(levels).toMatchObject({ "failing-1": "BAD", "idle-1": "NOT_JUDGED", "untargeted-1": "GOOD", "deleted-1 (deleted)": "GOOD" });
  });

  it("of readiness says what it sees of each plan, and when a test of it last succeeded", async () => {
    const { busy = "", idle = "" } = histories[0] ?? {};
    const document = await make("RECOVERY_READINESS", [busy, idle]);
    const tests = await db.database.prisma.recovery.findMany({
      where: { planId: busy, kind: "TEST", endedAt: { lt: range.end } },
      orderBy: [{ endedAt: "desc" }, { id: "desc" }],
    });
    const judged = tests.filter(({ resultState }) => resultState !== "CANCELLED");
    const good = judged.filter(({ resultState }) => resultState === "SUCCESS" || resultState === "WARNING");
    expect(valuesOf(sectionOf(document, "busy-1"))).toMatchObject({
      lastGoodTestAt: good[0]?.endedAt?.toISOString(),
      lastTestResult: judged[0]?.resultState,
      groups: 2,
      vms: 4,
      vmsProtected: 3,
      rtoTargetSeconds: 600,
      leftovers: 0,
      sitesDisconnected: 0,
    });
    expect(valuesOf(sectionOf(document, "idle-1"))).toMatchObject({ lastGoodTestAt: null, vms: 0 });
    expect(document.sections.find(({ title }) => title === "idle-1")?.verdict?.level).toBe("BAD");
  });

  it("defines every figure that it has, and has its sums in the tables too", async () => {
    for (const type of [...types, "RECOVERY_READINESS"] as const) {
      const document = await make(type);
      const defined = new Set(definitionsOf(document).map(({ name }) => name));
      const used = [...document.summary, ...document.sections.flatMap(({ figures }) => figures)].map(({ name }) => name);
      expect(used.filter((name) => !defined.has(name))).toEqual([]);
    }
    const { sections, summary } = await make("TEST_HISTORY");
    const rows = sections.flatMap(({ tables }) => tables).find(({ name }) => name === "tests")?.rows ?? [];
    expect(rows.length).toBe(Number(valuesOf(summary).tests) + Number(valuesOf(summary).testsOpen));
  });

  it("is the same, byte by byte, from the same data; only the time of its making differs", async () => {
    const [first, second] = [await make("TEST_HISTORY"), await make("TEST_HISTORY")];
    const { madeAt } = first;
    expect({ ...second, madeAt }).toEqual(first);
    expect(await writePdf({ ...second, madeAt })).toEqual(await writePdf(first));
    expect(csvOf({ ...second, madeAt })).toBe(csvOf(first));
  });
});
