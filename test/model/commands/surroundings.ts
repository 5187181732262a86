/** What happens without anybody asking the gateway: time, faults of the sites, and nodes that die. */
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import type { EffectKind } from "../../../src/providers/contract.ts";
import { openRunOf } from "../look.ts";
import { type Model, planAt } from "../model.ts";
import type { Site, World } from "../world.ts";
import { type Command, command } from "./command.ts";

const site = fc.constantFrom<Site>("A", "B");
const effect = fc.constantFrom<EffectKind>(
  "synchronise",
  "createSnapshot",
  "registerVm",
  "powerOn",
  "shutDownVm",
  "setStorageReadOnly",
  "fenceVms",
  "promote",
  "reverseGroup",
  "demoteVm",
  "powerOff",
  "removeVm",
  "restorePlaceholder",
  "discardSnapshot",
);

const atSite = ({ sites }: World, which: Site): string => (which === "A" ? sites.protectedSite : sites.recoverySite);

/** A trouble that is there until it is healed; the same one is not there twice. */
const trouble = (name: string, begin: (world: World) => Promise<() => Promise<void>>): Command =>
  command({
    name,
    can: (model) => !model.trouble.heals.has(name) && model.trouble.heals.size < 3,
    async act(model, world) {
      model.trouble.heals.set(name, await begin(world));
    },
  });

export const loseSite = site.map((which) => trouble(`lose site ${which}`, (world) => world.lab.faults.lose(atSite(world, which))));
export const partition = site.map((which) => trouble(`cut off site ${which}`, (world) => world.lab.faults.partition(atSite(world, which))));
export const cutLink: fc.Arbitrary<Command> = fc.constant(
  trouble("cut the link", (world) => world.lab.faults.cutLink(world.sites.protectedSite, world.sites.recoverySite)),
);
export const missHeartbeats = fc
  .record({ site, times: fc.integer({ min: 1, max: 8 }) })
  .map((wish) =>
    trouble(`site ${wish.site} misses ${wish.times} heartbeats`, (world) =>
      world.lab.faults.missHeartbeats(atSite(world, wish.site), wish.times),
    ),
  );

export const failing = fc
  .record({
    kind: effect,
    times: fc.constantFrom(1, 2, 5, 100),
    skip: fc.nat(2),
    failure: fc.constantFrom<"TRANSIENT" | "PERMANENT">("TRANSIENT", "PERMANENT"),
    when: fc.constantFrom<"CALL" | "END">("CALL", "END"),
  })
  .map((wish) =>
    trouble(`${wish.times} of ${wish.kind} fail after ${wish.skip}, ${wish.failure} at ${wish.when}`, (world) =>
      world.lab.faults.fail(wish),
    ),
  );

export const lost = fc
  .record({ kind: effect, skip: fc.nat(2) })
  .map((wish) => trouble(`a call of ${wish.kind} is lost after ${wish.skip}`, (world) => world.lab.faults.hang(wish)));

export const held = fc
  .record({ kind: effect, when: fc.constantFrom<"BEFORE" | "AFTER">("BEFORE", "AFTER") })
  .map((wish) =>
    trouble(`${wish.kind} stays at its site ${wish.when} it is done`, async ({ lab }) => (await lab.faults.hold(wish)).release),
  );

export const heal: fc.Arbitrary<Command> = fc.nat(2).map((which) =>
  command({
    name: `heal trouble ${which}`,
    can: (model) => model.trouble.heals.size > 0,
    async act({ trouble: { heals } }) {
      const names = [...heals.keys()];
      const name = names[which % names.length] ?? "";
      await heals.get(name)?.();
      heals.delete(name);
    },
  }),
);

/** Heartbeats come every 5 s of it, for as long as they may tell something new. */
export async function passTime(world: World, seconds: number): Promise<void> {
  const beats = Math.min(8, Math.floor(seconds / 5));
  await world.clock.pass(seconds - beats * 5);
  for (let beat = 0; beat < beats; beat++) {
    await world.clock.pass(5);
    await world.heartbeat();
  }
  world.nodes.hint("");
}

export const time: fc.Arbitrary<Command> = fc
  .constantFrom(5, 20, 40, 600)
  .map((seconds) => command({ name: `${seconds} s pass`, act: (_model, world) => passTime(world, seconds) }));

export const cycle: fc.Arbitrary<Command> = fc.nat(2).map((which) =>
  command({
    name: `group ${which} is replicated`,
    async act(model, { db }) {
      await db.database.pool.query(
        "UPDATE replication_cycle SET next_at = dr_now() WHERE group_id = $1 AND next_at < '9999-01-01' AND owner IS NULL",
        [model.look.groups[which]?.id],
      );
    },
  }),
);

/** Somebody at the former site starts a VM that was recovered elsewhere. */
const recovered = ({ look }: Model) => look.vms.filter((vm) => vm.recovered !== null);
export const startOriginal: fc.Arbitrary<Command> = fc.nat(4).map((which) =>
  command({
    name: `original ${which} is started by hand`,
    can: (model) => recovered(model).length > 0,
    async act(model, world) {
      const vms = recovered(model);
      const vmId = vms[which % vms.length]?.recovered?.originalId ?? "";
      const call = { key: randomUUID(), runId: randomUUID(), epoch: 1n, signal: AbortSignal.timeout(60_000) };
      const siteId = model.look.machines.get(vmId)?.siteId ?? "";
      // Its storage may be read-only, its site away.
      await world.lab.provider.order(siteId, "powerOn", { vmId }, call).catch(() => undefined);
    },
  }),
);

export const crash: fc.Arbitrary<Command> = fc.nat(1).map((index) =>
  command({
    name: `the node of plan ${index} dies`,
    can: (model) => openRunOf(model.look, planAt(model, index).id) !== null,
    act: (model, world) => world.nodes.crash(openRunOf(model.look, planAt(model, index).id)?.id ?? null),
  }),
);

export const trap: fc.Arbitrary<Command> = fc
  .record({ kind: effect, when: fc.constantFrom<"BEFORE" | "AFTER">("BEFORE", "AFTER") })
  .map((wish) =>
    command({
      name: `a node will die ${wish.when} ${wish.kind}`,
      async act(_model, world) {
        world.nodes.setTrap(wish);
      },
    }),
  );
