/** What the mutations of the schema ask of the database, and what follows from them: none of it reads a large table from end to end. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { schema } from "../../../src/domain/schema.ts";
import { recordStatements } from "../../support/large-tables.ts";
import { fullReadsInLargeWorld } from "../../support/large-world.ts";
import { aPublicStage, type PublicStage } from "../../support/public-stage.ts";
import { testPassword } from "../../support/real-gateway.ts";
import { settings as notifications } from "../notifications/stage.ts";
import { move, recover, report, test } from "./running.ts";
import { aSender } from "./sender.ts";
import { changeGroups, changeMappings, changeNotifications, changePlans, changeSites, changeUsers } from "./standing.ts";
import { mutationWorld } from "./world.ts";

let stage: PublicStage;
let recorded: ReturnType<typeof recordStatements>;
beforeAll(async () => {
  const smtp = { url: "smtp://127.0.0.1:1", from: "DR gateway <dr@example.com>" };
  stage = await aPublicStage(mutationWorld, {}, { notifications: { ...notifications, smtp } });
  recorded = recordStatements(); // an import compares everything
});
afterAll(async () => {
  recorded?.stop();
  await stage?.[Symbol.asyncDispose]();
});

it("is sent each of the schema's mutations, and reads no large table in full for any", { timeout: 120_000 }, async () => {
  const sender = aSender(stage);
  await changeUsers(stage, sender);
  await changeNotifications(stage, sender);
  await changeSites(stage, sender);
  await changeMappings(sender);
  await changeGroups(stage, sender);
  await changePlans(sender);
  await test(stage, sender);
  await move(sender);
  await recover(stage, sender);
  await report(sender);
  await sender.send("changePassword", { currentPassword: testPassword, newPassword: `${testPassword} and another` });
  await sender.send("deleteSession");
  expect([...sender.sent].sort()).toEqual(Object.keys(schema.getMutationType()?.getFields() ?? {}).sort());

  const texts = [...recorded.stop()].filter((text) => !/\blab\./.test(text));
  expect(await fullReadsInLargeWorld(texts)).toEqual([]);
});
