/** What makes a command the same stands in a list, in a hash in SQL, and in the index that holds the hash. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { prismaFolder, readMigrations } from "../../src/database/schema-files.ts";
import { compile } from "../../src/engine/compile.ts";
import { isContainer } from "../../src/engine/model.ts";
import { identifyingPart, identityHash } from "../../src/engine/step-identity.ts";
import { aPlan, command, commandStep, pauseStep, promptStep } from "./support/plans.ts";

const index =
  /CREATE INDEX "recovery_step_exercised" ON "recovery_step" \(\(.*?\),\s*(?<hash>md5\(.*?\))\)\s*WHERE "kind" IN \((?<kinds>.*?)\);/s;
/** Of the newest migration that makes it. */
async function exercised(): Promise<{ readonly hash: string; readonly kinds: readonly string[] }> {
  const migrations = await readMigrations(join(prismaFolder, "migrations"));
  const { hash = "", kinds = "" } = migrations.map(({ sql }) => index.exec(sql)?.groups).findLast((found) => found !== undefined) ?? {};
  return { hash: hash.replaceAll('"', ""), kinds: kinds.replaceAll("'", "").split(/,\s*/) };
}

/** Fields of a spec that an SQL expression reads. */
const fieldsIn = (sql: string): string[] =>
  [...sql.matchAll(/->> '(\w+)'|#>> '\{(\w+),/g)].map(([, field, outer]) => field ?? outer ?? "").sort();

const inGuest = command("guest", { runInGuest: true, guestUsername: "dr", passwordSecretId: "secret" });
const { nodes } = compile(
  aPlan()
    .group({ name: "db-1", preCommands: [command("own")], postCommands: [inGuest] })
    .pre(commandStep("stop"), promptStep("ask"), pauseStep("wait"))
    .build(),
);

it("a command is the same by the fields that the index of exercised steps holds", async () => {
  const { hash } = await exercised();
  expect(hash).toBe(identityHash("spec"));
});

it("every kind in that index is told apart by these fields alone, and each of them tells commands apart", async () => {
  const fields = fieldsIn(identityHash("spec"));
  expect(fields.length).toBeGreaterThan(0);
  const { kinds } = await exercised();
  const leaves = nodes.filter((node) => !isContainer(node));
  for (const kind of kinds) {
    const [node] = leaves.filter((leaf) => leaf.kind === kind);
    if (node === undefined) throw new RangeError(`the plan has no ${kind}`);
    expect([kind, Object.keys(identifyingPart(node)).sort()]).toEqual([kind, /COMMAND$/.test(kind) ? fields : []]);
  }
});
