/** Reports in HTML as a browser shows them: readable for everybody, on a telephone, in the dark and on paper. */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReportDocument } from "../../src/domain/documents/model.ts";
import { htmlOf } from "../../src/domain/documents/writers/html.ts";
import { makeDocument } from "../../src/domain/reports/make.ts";
import { aHistory, range } from "../domain/reports/history/history.ts";
import { inkOf, pagesOf } from "../domain/reports/pictures.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { violationsOf } from "./axe.ts";
import { openChromium } from "./chromium.ts";
import { brokenWords, faintTexts, tooWide } from "./look.ts";

let db: TestDatabase;
let browser: Browser;
let context: BrowserContext;
const asked: string[] = [];

beforeAll(async () => {
  browser = await openChromium();
  context = await browser.newContext();
  await context.route("**/*", (route) => {
    asked.push(route.request().url());
    return route.abort();
  });
  db = await freshDatabase();
  const { busy, failing, untargeted } = await aHistory(db.database, 1);
  await aHistory(db.database, 2);
  const rename = (id: string, name: string) => db.database.prisma.recoveryPlan.update({ where: { id }, data: { name } });
  await rename(busy, "שרתי הנהלת חשבונות 2026");
  await rename(failing, `東京-${"unbroken".repeat(12)}`);
  await rename(untargeted, "Бухгалтерия <b>&amp;</b>");
});
afterAll(async () => {
  await browser?.close();
  await db?.drop();
});

/** What each type has to show here, so that nothing passes by being left out. */
const types = [
  { type: "RPO_RTO_COMPLIANCE", charts: ["lag over time", "RTO of each run", "test of"], tables: ["plans", "violations", "runs"] },
  { type: "TEST_HISTORY", charts: ["test of"], tables: ["plans", "tests"] },
  { type: "PROTECTION_STATUS", charts: [], tables: ["plans", "groups", "vms"] },
  { type: "RECOVERY_READINESS", charts: ["RTO forecast"], tables: ["plans", "findings"] },
] as const;
/** In points. */
const widths = { A4: 595, LETTER: 612 } as const;

describe.each(types)("the page of $type", ({ type, charts, tables }) => {
  let document: ReportDocument;
  let page: Page;
  beforeAll(async () => {
    const request = { type, pageSize: "A4", rangeStart: range.start, rangeEnd: range.end, planIds: [], requestedBy: "ada" } as const;
    document = await makeDocument(db.database.pool, request);
    page = await context.newPage();
    await page.setContent(htmlOf(document));
  });
  afterAll(() => page?.close());

  it("shows all that this type can have", () => {
    const titles = document.sections.flatMap((section) => section.charts.map(({ title }) => title));
    expect(charts.filter((words) => !titles.some((title) => title.includes(words)))).toEqual([]);
    const filled = document.sections.flatMap((section) => section.tables.filter(({ rows }) => rows.length > 0).map(({ name }) => name));
    expect(tables.filter((name) => !filled.includes(name))).toEqual([]);
  });

  it.each(["light", "dark"] as const)("breaks no rule of WCAG 2, A and AA, in %s", async (colorScheme) => {
    await page.setViewportSize({ width: 1_280, height: 900 });
    await page.emulateMedia({ colorScheme, media: "screen" });
    expect(await violationsOf(page)).toEqual([]);
    expect(await page.evaluate(faintTexts)).toEqual([]);
    expect(await page.evaluate(brokenWords)).toEqual([]);
  });

  it("needs no scrolling sideways on a telephone, but in its tables", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: "light", media: "screen" });
    expect(await page.evaluate(tooWide)).toEqual([]);
    expect(await page.evaluate(brokenWords)).toEqual([]);
  });

  it.each(["A4", "LETTER"] as const)("is printed on %s within its margins, on white paper in the dark too", async (pageSize) => {
    await page.setContent(htmlOf({ ...document, pageSize }));
    await page.emulateMedia({ colorScheme: "dark", media: null });
    const pages = await pagesOf(await page.pdf({ printBackground: true, preferCSSPageSize: true }));
    expect(pages.map(({ size }) => Math.round(size.width))).toEqual(pages.map(() => widths[pageSize]));
    expect(pages.map(inkOf)).toEqual(pages.map(() => ({ inside: true, margin: 0 })));
    expect(pages.map(({ text }) => text).join(" ")).toContain("Definitions");
  });

  it("asks for nothing from elsewhere, and has no script", () => {
    expect(asked).toEqual([]);
    expect(htmlOf(document)).not.toMatch(/<script|src=|@import|url\(/i);
  });
});
