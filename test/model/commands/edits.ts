/** Changes of what the next run will work on: allowed while a run works on what it has taken down, or refused while it does not. */
import fc from "fast-check";
import { Broken } from "../broken.ts";
import { planAt } from "../model.ts";
import type { Site, World } from "../world.ts";
import { asTold, type Command, command } from "./command.ts";

export const editPlan: fc.Arbitrary<Command> = fc.record({ plan: fc.nat(1), seconds: fc.constantFrom(0, 60, 600) }).map((wish) =>
  command({
    name: `plan ${wish.plan} gets ${wish.seconds} s to shut down`,
    async act(model, { client, gid }) {
      const plan = planAt(model, wish.plan);
      const input = { planId: gid("RecoveryPlan", plan.id), recoverySettings: { defaultShutdownDelaySeconds: wish.seconds } };
      asTold("updateRecoveryPlan", plan.operations.get("UPDATE_PLAN"), await client.send("updateRecoveryPlan", "__typename", input));
    },
  }),
);

export const editVm: fc.Arbitrary<Command> = fc
  .record({
    vm: fc.nat(4),
    settings: fc.record(
      {
        priority: fc.constantFrom("HIGHEST", "NORMAL", "LOWEST"),
        powerOnAfterRecovery: fc.boolean(),
        skipGuestShutdown: fc.boolean(),
        readyCheck: fc.constantFrom({ type: "POWERED_ON" }, { type: "HEARTBEAT" }),
      },
      { requiredKeys: [] },
    ),
  })
  .map((wish) =>
    command({
      name: `VM ${wish.vm} gets ${JSON.stringify(wish.settings).replaceAll('"', "")}`,
      async act({ look }, { client, gid }) {
        const vmId = gid("VirtualMachine", look.vms[wish.vm]?.id ?? "");
        const sent = await client.send("configureVmRecoverySettings", "__typename", { vmId, ...wish.settings });
        // A tier may be the wrong way round for a dependency.
        if (!sent.ok && sent.code !== "INVALID_REQUEST")
          throw new Broken("Settings of a VM count from the next run, and were refused", { wish, sent });
      },
    }),
  );

/** Whether originals that come back are powered off, or somebody is asked. */
export const editPairing: fc.Arbitrary<Command> = fc.boolean().map((powersOffOriginals) =>
  command({
    name: powersOffOriginals ? "originals are powered off" : "originals are asked about",
    async act(_model, { client, gid, rows }) {
      const sent = await client.send("updatePairing", "__typename", { pairingId: gid("SitePairing", rows.pairingId), powersOffOriginals });
      if (!sent.ok) throw new Broken("A pair was not changed", { sent });
    },
  }),
);

/** The mapping of one direction is gone until it is healed. */
export const unmap: fc.Arbitrary<Command> = fc.constantFrom<Site>("A", "B").map((from) => {
  const name = `networks of site ${from} are not mapped`;
  return command({
    name,
    can: ({ trouble: { heals } }) => !heals.has(name) && heals.size < 3,
    async act(model, world) {
      const { id, ...mapping } = await mappingFrom(world, from);
      const sent = await world.client.send("deleteNetworkMapping", "__typename", { networkMappingId: world.gid("NetworkMapping", id) });
      if (!sent.ok) throw new Broken("A mapping was not taken away", { sent });
      model.trouble.heals.set(name, async () => {
        const again = await world.client.send("setNetworkMapping", "__typename", mapping);
        if (!again.ok) throw new Broken("A mapping was not put back", { again });
      });
    },
  });
});

async function mappingFrom({ db, gid, rows }: World, from: Site) {
  const { rows: found } = await db.database.pool.query<{ id: string; source: string; target: string; test: string | null }>(
    `SELECT m.id, m.source_network_id AS source, m.target_network_id AS target, m.test_network_id AS test
      FROM network_mapping m JOIN network n ON n.id = m.source_network_id WHERE n.site_id = $1`,
    [from === "A" ? rows.protectedSiteId : rows.recoverySiteId],
  );
  const [mapping] = found;
  if (mapping === undefined) throw new Error("There is no mapping to take away");
  const network = (id: string) => gid("Network", id);
  return {
    id: mapping.id,
    sourceNetworkId: network(mapping.source),
    targetNetworkId: network(mapping.target),
    testNetworkId: mapping.test === null ? null : network(mapping.test),
  };
}
