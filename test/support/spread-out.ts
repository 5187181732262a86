import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * What takes longest, longest first; known before the first run, too. Whole gateways, kills and delays: it mostly waits, while the many
 * short files mostly compute.
 */
const long = [
  "/coverage/coverage",
  "/e2e/demo",
  "/e2e/start-stop",
  "/chaos/kill-after",
  "/chaos/kill-before",
  "/domain/readiness/rules",
  "/engine/lifeline",
  "/domain/protection/runs",
  "/e2e/resume",
  "/engine/replication/cycles",
  "/engine/groups-change",
  "/engine/groups-create",
  "/domain/recoveries/preview-then-start",
  "/users/main",
  "/chaos/kill-while",
  "/scripts/",
  "/database/embedded",
  "/engine/commands",
];
const lengthOf = ({ moduleId }: TestSpecification) => {
  const place = long.findIndex((part) => moduleId.includes(`/test${part}`));
  return place < 0 ? null : long.length - place;
};

/** Long files stand between short ones all along, so that there is always one to compute while others wait; none is left over at the end. */
export class SpreadOut extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const short = sorted.filter((file) => lengthOf(file) === null);
    const waiting = sorted.filter((file) => lengthOf(file) !== null).sort((a, b) => (lengthOf(b) ?? 0) - (lengthOf(a) ?? 0));
    const gap = Math.floor((short.length * 0.8) / Math.max(1, waiting.length));
    const ahead = waiting.splice(0, 2);
    const between = short.flatMap((file, index) => (gap > 0 && index % gap === 0 ? [...waiting.splice(0, 1), file] : [file]));
    return [...ahead, ...between, ...waiting];
  }
}
