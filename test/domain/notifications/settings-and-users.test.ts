/** What a user is told, changed at the moment at which an administrator changes the user: each waits for the other, and both are done. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { beforeStatement } from "../../support/before-statement.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { operator } from "../../support/node.ts";
import { until } from "../../support/run.ts";
import { servicesOf } from "../../support/services.ts";
import { aReader } from "./stage.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(async () => {
  await db.drop();
});

/** Another session waits for a lock, or the work is done. */
const waitsOrIsDone = (work: Promise<unknown>) => {
  const text = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  return Promise.race([until(async () => (await db.database.pool.query(text)).rowCount === 1, "a wait"), work]);
};

it("a user's notifications and roles, changed at once, do not wait for each other in a circle", async () => {
  const { notifications, users } = servicesOf(db.database);
  const userId = await aReader(db.database.pool, "eve", "eve@example.com", []);
  let roles: Promise<unknown> | undefined;
  beforeStatement("notification-settings-put", async () => {
    roles = users.setRoles(operator, { userId, roles: ["OPERATOR"] });
    roles.catch(() => undefined); // looked at below
    await waitsOrIsDone(roles);
  });
  const settings = notifications.updateOfUser(operator, { userId, emailKinds: ["SITE_LOST"] });
  const ended = await Promise.allSettled([settings, settings.catch(() => undefined).then(() => roles)]);
  expect(ended).toMatchObject([{ status: "fulfilled" }, { status: "fulfilled" }]);
  const { rows } = await db.database.pool.query("SELECT roles::text[], email_kinds::text[] AS kinds FROM user_account WHERE id = $1", [
    userId,
  ]);
  expect(rows).toEqual([{ roles: ["OPERATOR"], kinds: ["SITE_LOST"] }]);
});
