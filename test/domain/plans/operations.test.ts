/** What a plan says may be done with it, and what the mutations do: the same, whatever stands in the way (lifecycles: lifecycle-operations.test.ts). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Role } from "../../../src/domain/viewer.ts";
import { labSites } from "../../support/lab.ts";
import { anotherPlan, aStep, endRun, operator } from "../recoveries/stage.ts";
import { type Answer, aPlanStage, as, gid, type PlanStage } from "./stage.ts";

let stage: PlanStage;
let planId: string;
beforeAll(async () => {
  stage = await aPlanStage({ priorityGroups: [{ groups: [0] }] }, labSites({ vms: 3, groups: 3 }));
  planId = gid("RecoveryPlan", stage.planId);
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);
const start = (plan = stage.planId) => stage.recoveries.start(operator, { planId: plan, recoveryType: "TEST" });

interface Said {
  readonly operation: string;
  readonly mutation: string;
  readonly allowed: boolean;
  readonly code: string | null;
  readonly reason: string | null;
  readonly remedy: string | null;
}

async function said(viewer = operator): Promise<{ operations: readonly Said[]; latest: string | null }> {
  const query = `query ($id: ID!) { recoveryPlan(id: $id) { latestRecovery { id }
    allowedOperations { operation mutation allowed code reason remedy } } }`;
  const { recoveryPlan } = await stage.ask(query, { id: planId }, viewer);
  return { operations: recoveryPlan.allowedOperations, latest: recoveryPlan.latestRecovery?.id ?? null };
}

/** The input that does the operation; null: there is nothing to name in it. */
function inputOf(operation: string, latest: string | null): object | null {
  const group = (at: number) => ({ protectionGroupId: gid("ProtectionGroup", stage.groupIds[at]) });
  switch (operation) {
    case "START_TEST":
      return { planId, recoveryType: "TEST" };
    case "START_PLANNED_RECOVERY":
      return { planId, recoveryType: "PLANNED" };
    case "START_DISASTER_RECOVERY":
      return { planId, recoveryType: "DISASTER" };
    case "ACCEPT_RECOVERY":
      return { planId, comment: "As it is." };
    case "FORCE_CLEANUP_TEST":
      return { planId, force: true };
    case "CANCEL_RECOVERY":
    case "PAUSE_RECOVERY":
    case "RESUME_RECOVERY":
    case "SWITCH_TO_DISASTER":
      return latest === null ? null : { recoveryId: latest };
    case "ADD_PROTECTION_GROUP":
      return { planId, ...group(1), recoveryPriorityGroup: { priority: 2, name: "more" } };
    case "REMOVE_PROTECTION_GROUP":
      return { planId, ...group(0) };
    case "CONFIGURE_PRIORITY_GROUPS":
      return { planId, priorityGroups: [{ priority: 1, prePowerOnSteps: [{ pause: { name: "wait" } }] }] };
    default:
      return { planId };
  }
}

const told = ({ code = null, message: reason = null, remedy = null }: Answer) => ({ code, reason, remedy });

/** Everything that is refused, then each that is allowed on a scene of its own. */
async function sameAsMutations(scene: () => Promise<unknown>, viewer = operator): Promise<readonly Said[]> {
  await scene();
  const { operations, latest } = await said(viewer);
  for (const { operation, mutation, allowed, ...expected } of operations.toSorted((a, b) => Number(a.allowed) - Number(b.allowed))) {
    const input = inputOf(operation, latest);
    if (allowed) {
      await stage.reset();
      await scene();
    }
    // The scene's runs have new ids now.
    const again = allowed ? inputOf(operation, (await said(viewer)).latest) : input;
    if (again === null) continue;
    const answer = told(await stage.send(mutation, "__typename", again, viewer));
    expect([operation, answer]).toEqual([operation, expected]);
  }
  return operations;
}

const allowedOf = (operations: readonly Said[]) => operations.filter(({ allowed }) => allowed).map(({ operation }) => operation);

/** A run of the plan, by hand. */
async function aRun(kind: string, more = ""): Promise<void> {
  const { rows } = await sql(
    `INSERT INTO recovery (id, plan_id, plan_name, pairing_id, kind, state, options, initiated_by)
      VALUES (gen_random_uuid(), $1, 'plan', $2, $3, 'RUNNING', '{}', 'olga') RETURNING id`,
    stage.planId,
    stage.pairingId,
    kind,
  );
  if (more !== "") await sql(`UPDATE recovery SET ${more} WHERE id = $1`, rows[0].id);
}

const controlled: Record<string, (recoveryId: string) => Promise<unknown>> = {
  "is paused": (recoveryId) => stage.recoveries.pause(operator, { recoveryId }),
  "waits at a pause step": (recoveryId) => aStep(stage, recoveryId, { ordinal: 1, kind: "PAUSE", status: "WAITING" }),
  "is being cancelled": (recoveryId) => stage.recoveries.cancel(operator, { recoveryId }),
};

describe.each(Object.entries(controlled))("of a plan whose test %s,", (_how, control) => {
  it("the operations are refused as the mutations refuse them", async () => {
    await sameAsMutations(async () => control((await start()).recoveryId));
  });
});

const scenes: Record<string, [reason: RegExp, scene: () => Promise<unknown>]> = {
  "a test of another plan on its pair": [
    /A test of the plan other plan runs on this pair/,
    async () => start(await anotherPlan(stage, [stage.groupIds[1] ?? ""])),
  ],
  "a real recovery of another plan on its pair": [
    /A real recovery of the plan plan runs/,
    async () => {
      await aRun("DISASTER", `plan_id = '${await anotherPlan(stage, [])}'`);
    },
  ],
  "a group that another plan's test has": [
    /group-1 is in use by a run of the plan other plan that has not been cleaned up/,
    async () => {
      const { recoveryId } = await start(await anotherPlan(stage, [stage.groupIds[0] ?? ""]));
      await endRun(stage, recoveryId, "TEST_COMPLETE");
    },
  ],
  "a group whose members change": [
    /group-1 is in use by its change/,
    async () => {
      await aRun("GROUP_UPDATE", "plan_id = NULL, plan_name = 'group-1'");
      await sql("INSERT INTO group_use (group_id, run_id) SELECT $1, id FROM recovery", stage.groupIds[0]);
    },
  ],
  "a recovery site that is away": [
    /recovery site site-b is disconnected/,
    () => sql("UPDATE site SET state = 'DISCONNECTED' WHERE type = 'RECOVERY'"),
  ],
  "a group that is not ready": [/group-1 is ERROR/, () => sql("UPDATE protection_group SET state = 'ERROR' WHERE name = 'group-1'")],
  "a group that another plan recovered": [
    /group-1 has been recovered/,
    () => sql("UPDATE protection_group SET state = 'RECOVERED' WHERE name = 'group-1'"),
  ],
  "groups of opposite directions": [
    /opposite directions/,
    async () => {
      const turn = "protected_site_id = recovery_site_id, recovery_site_id = protected_site_id";
      await sql(`UPDATE protection_group SET ${turn} WHERE name = 'group-3'`);
      const join =
        "INSERT INTO plan_protection_group (plan_id, group_id, priority_group_id) SELECT plan_id, $1, id FROM plan_priority_group";
      await sql(join, stage.groupIds[2]);
    },
  ],
  "no VM that is configured": [/plan has no protected VM/, () => sql("UPDATE protected_vm SET placeholder_external_id = NULL")],
  "a network that nothing maps in the direction that its groups have now": [
    /vm-1 uses the network net-b, which is not mapped/,
    async () => {
      await sql("UPDATE protection_group SET protected_site_id = recovery_site_id, recovery_site_id = protected_site_id");
      await sql("UPDATE vm_nic SET network_id = (SELECT id FROM network WHERE name = 'net-b')");
    },
  ],
  "a network that is not mapped": [/vm-1 uses the network net-a, which is not mapped/, () => sql("DELETE FROM network_mapping")],
};

describe.each(Object.entries(scenes))("a test is refused for %s,", (_what, [reason, scene]) => {
  it("with the same reason and remedy before it is tried", async () => {
    const operations = await sameAsMutations(scene);
    expect(operations.find(({ operation }) => operation === "START_TEST")).toMatchObject({
      allowed: false,
      reason: expect.stringMatching(reason),
    });
  });
});

it("a protection group's own run on the pair keeps no test from being started", async () => {
  const operations = await sameAsMutations(() => aRun("GROUP_CREATE", "plan_id = NULL, plan_name = 'group-9'"));
  expect(allowedOf(operations)).toContain("START_TEST");
});

it("names five networks that are not mapped, and how many there are", async () => {
  const { prisma } = stage.db.database;
  const networks = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((at) => prisma.network.create({ data: { name: `net-${at}`, siteId: stage.protectedSiteId, type: "STANDARD" } })),
  );
  const vmId = stage.vmIds.get("vm-1") ?? "";
  const scene = async () => {
    await prisma.network.createMany({ data: networks, skipDuplicates: true });
    await prisma.vmNic.createMany({ data: networks.map(({ id: networkId }, at) => ({ vmId, nicIndex: at + 1, networkId })) });
  };
  await sql("DELETE FROM network WHERE name ~ '^net-[1-6]$'");
  const operations = await sameAsMutations(scene);
  const { reason } = operations.find(({ operation }) => operation === "START_TEST") ?? { reason: null };
  expect(reason).toMatch(/^vm-1 uses the network net-1, .* And 1 more\.$/);
});

it.each<[Role, string[]]>([
  ["VIEWER", []],
  ["OPERATOR", ["START_TEST"]],
  ["EDITOR", ["UPDATE_PLAN", "DELETE_PLAN", "ADD_PROTECTION_GROUP", "REMOVE_PROTECTION_GROUP", "CONFIGURE_PRIORITY_GROUPS"]],
  ["ADMIN", []],
])("a %s is told what needs another role, as the mutations tell", async (role, allowed) => {
  expect(allowedOf(await sameAsMutations(async () => {}, as(role)))).toEqual(allowed);
});

it("a planned recovery is controlled by a RECOVERY_ADMIN, which an OPERATOR is told", async () => {
  const operations = await sameAsMutations(() => aRun("PLANNED"), as("OPERATOR"));
  expect(operations.find(({ operation }) => operation === "CANCEL_RECOVERY")).toMatchObject({
    code: "FORBIDDEN",
    reason: "This needs the role RECOVERY_ADMIN.",
  });
});
