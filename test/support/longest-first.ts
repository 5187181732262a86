import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What takes longest: whole gateways as processes, kills, thousands of operations. */
const long = [
  "/gateway/fuzz-",
  "/coverage/",
  "/docs/guides",
  "/e2e/",
  "/examples/",
  "/chaos/",
  "/users/main",
  "/engine/lifeline",
  "/engine/groups-",
  "/domain/protection/runs",
  "/domain/recoveries/preview-then-start",
];
const isLong = ({ moduleId }: TestSpecification) => long.some((part) => moduleId.includes(`/test${part}`));

/** Long files begin, so that none of them is left over at the end; known before the first run, too. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
