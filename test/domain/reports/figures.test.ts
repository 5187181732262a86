/** Every number of every report, recomputed from plain rows by another way, over histories that are hard to count. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { definitionsOf, type Figure } from "../../../src/domain/documents/model.ts";
import { csvOf } from "../../../src/domain/documents/writers/csv.ts";
import { jsonOf } from "../../../src/domain/documents/writers/json.ts";
import { writePdf } from "../../../src/domain/documents/writers/pdf/write.ts";
import { makeDocument } from "../../../src/domain/reports/make.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { aHistory, type HistoryPlans, range } from "./history/history.ts";
import { numbersIn, withoutWords } from "./recomputed/compare.ts";
import { recomputed } from "./recomputed/document.ts";
import { type Rows, readRows } from "./recomputed/rows.ts";

let db: TestDatabase;
let rows: Rows;
const histories: HistoryPlans[] = [];
beforeAll(async () => {
  db = await freshDatabase();
  for (const seed of [1, 2, 3]) histories.push(await aHistory(db.database, seed));
  rows = await readRows(db.database);
});
afterAll(() => db.drop());

const types = ["RPO_RTO_COMPLIANCE", "TEST_HISTORY", "PROTECTION_STATUS", "RECOVERY_READINESS"] as const;
type Type = (typeof types)[number];
const make = (type: Type, planIds: readonly string[] = []) =>
  makeDocument(db.database.pool, { type, pageSize: "A4", rangeStart: range.start, rangeEnd: range.end, planIds, requestedBy: "ada" });
const valuesOf = (figures: readonly Figure[]) => Object.fromEntries(figures.map(({ name, value }) => [name, value]));

describe.each(types)("every number of %s", (type) => {
  const compare = async (planIds: readonly string[] | null) => {
    const document = await make(type, planIds ?? []);
    const found = withoutWords(JSON.parse(jsonOf(document)));
    const expected = recomputed(type, rows, planIds, new Date(document.madeAt));
    expect(found).toEqual(expected);
    return { document, expected };
  };

  it("is that of the rows, over all plans and histories together; none is left out of the comparison", async () => {
    const { document, expected } = await compare(null);
    const { version, ...rest } = JSON.parse(jsonOf(document));
    expect(version).toBe(1);
    expect(numbersIn(rest)).toEqual(numbersIn(expected));
  });

  it("is that of the rows for the plans of each history, and of one plan: busy, only failing, without runs, untargeted, deleted", async () => {
    for (const plans of histories) await compare(Object.values(plans));
    for (const planId of Object.values(histories[0] ?? {})) await compare([planId]);
  });
});

describe("a report", () => {
  it("defines every figure that it has, and has its sums in the tables too", async () => {
    for (const type of types) {
      const document = await make(type);
      const defined = new Set(definitionsOf(document).map(({ name }) => name));
      const used = [...document.summary, ...document.sections.flatMap(({ figures }) => figures)].map(({ name }) => name);
      expect(used.filter((name) => !defined.has(name))).toEqual([]);
    }
    const { sections, summary } = await make("TEST_HISTORY");
    const tests = sections.flatMap(({ tables }) => tables).find(({ name }) => name === "tests")?.rows ?? [];
    expect(tests.length).toBe(Number(valuesOf(summary).tests) + Number(valuesOf(summary).testsOpen));
  });

  it("has the same figures in CSV as in JSON", async () => {
    for (const type of types) {
      const document = await make(type);
      const [, block = ""] = csvOf(document).split("figures,figure,value,unit\r\n");
      const [lines = ""] = block.split("\r\n\r\n");
      const written = lines.split("\r\n").map((line) => line.split(",").slice(-3, -1).join(" "));
      const figures = [...document.summary, ...document.sections.flatMap((section) => section.figures)];
      expect(written).toEqual(figures.map(({ name, value }) => `${name} ${value ?? ""}`));
    }
  });

  it("is the same, byte by byte, from the same data; only the time of its making differs", async () => {
    const { failing = "" } = histories[0] ?? {};
    const [first, second] = [await make("TEST_HISTORY", [failing]), await make("TEST_HISTORY", [failing])];
    const { madeAt } = first;
    expect({ ...second, madeAt }).toEqual(first);
    expect(await writePdf({ ...second, madeAt })).toEqual(await writePdf(first));
    expect(csvOf({ ...second, madeAt })).toBe(csvOf(first));
  });
});
