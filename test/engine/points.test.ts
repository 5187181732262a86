import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { newStep } from "../../src/engine/live-run.ts";
import { notePoints } from "../../src/engine/points.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aPlan } from "./support/plans.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

const newSteps = () => compile(aPlan().group("web-1", "web-2").build()).nodes.map((node) => newStep(node));
let query: ReturnType<typeof spyOnPool>;
const spyOnPool = () => vi.spyOn(db.database.pool, "query");
beforeEach(() => {
  query = spyOnPool();
  return () => query.mockRestore();
});
const note = (steps: ReturnType<typeof newSteps>) =>
  notePoints(db.database.pool, { runId: randomUUID(), epoch: 1n, claimedAtMs: 0 }, steps);

it("of a run that has just begun there is nothing to note, and nobody is asked", async () => {
  await note(newSteps());
  expect(query).not.toHaveBeenCalled();
});

it.each(["SUCCEEDED", "ALREADY_DONE", "FAILED"] as const)(
  "a step that tells of points and is %s is looked at, the others are not",
  async (status) => {
    const steps = newSteps();
    const ended = steps.find(({ node }) => node.kind === "CREATE_SNAPSHOT");
    for (const step of steps) if (step === ended || step.node.kind === "VM") step.status = status;
    await note(steps);
    expect(query.mock.calls.map(([asked]) => asked)).toMatchObject(
      Array(2).fill({ values: [expect.anything(), 1n, [ended?.node.ordinal]] }),
    );
  },
);
