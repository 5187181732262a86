/** What a preview shows is what the run that is started right after has, step for step. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, it } from "vitest";
import { previewTree } from "../../../src/domain/recoveries/preview/tree.ts";
import { buildRecoverySnapshot } from "../../../src/domain/recoveries/snapshot/recovery.ts";
import { buildTestSnapshot } from "../../../src/domain/recoveries/snapshot.ts";
import type { EarlierStep } from "../../../src/engine/already-done.ts";
import type { StepState } from "../../../src/engine/batch.ts";
import { begin } from "../../../src/engine/beginning.ts";
import { compile } from "../../../src/engine/compile.ts";
import { isContainer } from "../../../src/engine/model.ts";
import { atOnce } from "../../../src/engine/pieces.ts";
import type { RisingSnapshot, SnapshotSite } from "../../../src/engine/run-snapshot.ts";
import { type AnyStart, anyEnd, anyStart } from "./any-rows.ts";

/** What the start writes. */
function snapshotOf({ rows, kind, options, condition, point, past, rerun, ...rest }: AnyStart): RisingSnapshot {
  const { capabilities } = rest.recoverySite;
  const protectedSite: SnapshotSite = { id: "protected", name: "Protected", provider: "lab", externalId: "protected-x", capabilities };
  const points = new Map(point === null ? [] : [["group-0", point]]);
  const common = { ...rest, rows, protectedSite, points, pastSeconds: {}, warnings: [] };
  const { powerOnVms, runScripts, syncData } = options;
  const result =
    kind === "TEST"
      ? buildTestSnapshot({ ...common, options: { powerOnVms, runScripts, syncData } })
      : buildRecoverySnapshot({
          ...common,
          kind,
          options: { ...options, unfencedAcceptedBy: condition === "CONNECTED" ? null : "olga", protectedSiteBudgetSeconds: 120 },
          protectedSiteCondition: condition,
          lastHeartbeatAt: new Date(0),
          rerunOf: rerun === null ? null : "an earlier run",
        });
  if ("faults" in result) throw new Error(result.faults.map(({ message }) => message).join(" "));
  const stored: RisingSnapshot = JSON.parse(JSON.stringify(result.snapshot));
  return past === null ? stored : { ...stored, pastSeconds: pastOf(stored, past) };
}

/** A third of the steps have been seen before. */
const pastOf = (snapshot: RisingSnapshot, past: number): Record<string, number> =>
  Object.fromEntries(
    compile(snapshot).nodes.flatMap(({ key, ordinal }) => ((ordinal + past) % 3 === 0 ? [[key, (ordinal * past) % 97.5]] : [])),
  );

function earlierOf(snapshot: RisingSnapshot, rerun: number | null): EarlierStep[] {
  if (rerun === null) return [];
  return compile(snapshot)
    .nodes.filter((node) => !isContainer(node))
    .map(({ key, kind, siteId, spec, ordinal }) => {
      const status = anyEnd(rerun, ordinal);
      const times = { startedAt: 500, endedAt: 1_000 };
      return { key, kind, siteId, spec, status, attempt: 1, message: `${status} before`, result: { snapshotId: "s", vmId: "v" }, ...times };
    });
}

const written = (snapshot: RisingSnapshot, earlier: readonly EarlierStep[], failurePolicy: "PAUSE" | "CONTINUE") => {
  const { kind } = snapshot;
  const facts = {
    id: "run",
    kind,
    snapshot,
    pausedReason: null,
    startedAt: null,
    progressPercent: 0,
    warnings: [],
    failurePolicy,
    now: 5_000,
  };
  return begin({ ...facts, state: "NOT_STARTED" }, earlier).run.steps.map(asTold);
};

const asTold = ({ node, status, message }: Pick<StepState, "node" | "status" | "message">) => ({
  ...node,
  expectedSeconds: Math.round(node.expectedSeconds),
  status,
  message,
});

it("of 1,000 plans the tree that is written at the start is the one that was shown", { timeout: 60_000 }, () => {
  const kinds = new Set<string>();
  fc.assert(
    fc.property(anyStart(), (start) => {
      const snapshot = snapshotOf(start);
      const earlier = earlierOf(snapshot, start.rerun);
      const shown = atOnce(previewTree({ snapshot, earlier, slotsPerSite: 20 })).steps.map(asTold);
      const rows = written(snapshot, earlier, start.options.failurePolicy);
      if (!isDeepStrictEqual(shown, rows)) expect(shown).toEqual(rows); // which tells where, and is slow
      for (const { kind } of shown) kinds.add(kind);
    }),
    { numRuns: 1_000, seed: 20_261_126 },
  );
  expect(kinds.size).toBe(31); // each kind of step that a test or a recovery may have
});
