import { afterAll, beforeAll, expect, it } from "vitest";
import { aNode, type TestNode } from "../support/node.ts";
import { eventsOf, until } from "../support/run.ts";
import { aStage, type Stage } from "./scene.ts";

let stage: Stage;
let rival: TestNode | undefined;
beforeAll(async () => {
  stage = await aStage();
});
afterAll(async () => {
  await rival?.close();
  await stage?.[Symbol.asyncDispose]();
});

it("a node that has lost a run changes nothing more, at the site or in the log; its successor goes on, and no effect happens twice", async () => {
  const scene = await stage.scene({ machines: 2 });
  const held = await stage.lab.faults.hold({ kind: "powerOn", target: scene.vm(1), when: "AFTER" });
  const recoveryId = await scene.start();
  await held.arrived;
  expect(stage.node.engine.driving).toBe(1);

  rival = await aNode(stage.db.database, stage.lab.provider);
  const successor = rival.engine;
  await stage.db.database.pool.query(
    "UPDATE recovery SET lease_until = clock_timestamp() - interval '1 s', owner = gen_random_uuid() WHERE id = $1",
    [recoveryId],
  );
  const owner = async () => (await stage.db.database.pool.query("SELECT owner FROM recovery WHERE id = $1", [recoveryId])).rows[0].owner;
  // Both nodes sweep; the one that has just lost it may win it back, which is a new claim like any other.
  await until(async () => [successor.nodeId, stage.node.engine.nodeId, null].includes(await owner()));
  await held.release();

  const run = await scene.end(recoveryId);
  expect(run).toMatchObject({ resultState: "SUCCESS", vmsSucceeded: 2 });
  const ledger = await stage.lab.ledger(recoveryId);
  expect(new Set(ledger.map(({ kind, target }) => `${kind} ${target}`)).size).toBe(ledger.length);
  const events = await eventsOf(stage.db.database, recoveryId);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
});
