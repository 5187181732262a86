import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aGroup, aPair, type GroupRows } from "../support/rows.ts";
import { untilWaiting } from "../support/run.ts";
import { holding } from "../support/session.ts";

let db: TestDatabase;
let group: GroupRows;
beforeAll(async () => {
  db = await freshDatabase();
  group = await aGroup(db.database, await aPair(db.database), "Group", 2);
});
afterAll(() => db.drop());

describe("a machine's name in small letters", () => {
  const key = async () => (await db.database.prisma.virtualMachine.findUniqueOrThrow({ where: { id: group.vmIds[1] ?? "" } })).nameKey;

  it("is the name's, whatever is written, and follows it", async () => {
    const { pool } = db.database;
    expect(await key()).toBe("group-vm-02");
    await pool.query("UPDATE virtual_machine SET name = $2, name_key = 'whatever' WHERE id = $1", [group.vmIds[1], "ÄNDERUNG"]);
    expect(await key()).toBe("änderung");
    await pool.query("UPDATE virtual_machine SET name_key = 'whatever' WHERE id = $1", [group.vmIds[1]]);
    expect(await key()).toBe("änderung");
  });
});

describe("a member's name", () => {
  const member = () => group.vmIds[0] ?? "";
  const key = async () => (await db.database.prisma.protectedVm.findUniqueOrThrow({ where: { vmId: member() } })).nameKey;
  const rename = "UPDATE virtual_machine SET name = $2 WHERE id = $1";
  const leave = () => db.database.pool.query("DELETE FROM protected_vm WHERE vm_id = $1", [member()]);
  const join = "INSERT INTO protected_vm (vm_id, group_id, name_key) VALUES ($1, $2, 'whatever')";

  it("is its VM's, whatever is written, and follows it", async () => {
    expect(await key()).toBe("group-vm-01");
    await db.database.pool.query(rename, [member(), "Other"]);
    expect(await key()).toBe("other");
    await leave();
    await db.database.pool.query(join, [member(), group.groupId]);
    expect(await key()).toBe("other");
  });

  it.each([
    {
      what: "it joins a group",
      first: join,
      firstOf: () => [member(), group.groupId],
      second: rename,
      secondOf: () => [member(), "Renamed"],
    },
    { what: "it is renamed", first: rename, firstOf: () => [member(), "Renamed"], second: join, secondOf: () => [member(), group.groupId] },
  ])("is the new one where the other comes while $what", async ({ first, firstOf, second, secondOf }) => {
    const { pool } = db.database;
    await leave();
    await pool.query(rename, [member(), "Before"]);
    await using one = await holding(db.database, first, firstOf());
    const waiting = pool.query(second, secondOf());
    await untilWaiting(db.database);
    await one.query("COMMIT");
    await waiting;
    expect(await key()).toBe("renamed");
  });
});
