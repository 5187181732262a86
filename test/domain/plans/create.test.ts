import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../../src/domain/ids.ts";
import { defaultQuotas } from "../../../src/domain/quotas.ts";
import { labSites } from "../../support/lab.ts";
import { aPlanStage, as, gid, nobody, type PlanStage } from "./stage.ts";

let stage: PlanStage;
beforeAll(async () => {
  stage = await aPlanStage({}, labSites({ vms: 6, groups: 3 }), { ...defaultQuotas, groupsPerPlan: 2, plansPerSite: 3 });
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const sql = (text: string, ...values: unknown[]) => stage.db.database.pool.query(text, values);
const group = (at: number, priority: number, name?: string) => ({
  protectionGroupId: gid("ProtectionGroup", stage.groupIds[at]),
  recoveryPriorityGroup: { priority, ...(name === undefined ? {} : { name }) },
});
const shape = `recoveryPlan { id name description version lifecycle state defaultVmPriority defaultStartupDelaySeconds defaultShutdownDelaySeconds
  rtoTargetSeconds vmCount pairing { id } priorityGroups { priority name protectionGroups { nodes { name } } prePowerOnSteps { name } } }`;

/** Another pair of sites with an empty group on it. */
async function anotherPair(): Promise<{ pairingId: string; groupId: string }> {
  const { prisma } = stage.db.database;
  const site = (name: string, type: "PROTECTED" | "RECOVERY") =>
    prisma.site.create({ data: { name, type, provider: "lab", externalId: name } });
  const [from, to] = [await site("far-a", "PROTECTED"), await site("far-b", "RECOVERY")];
  const pairing = await prisma.sitePairing.create({ data: { localSiteId: from.id, remoteSiteId: to.id } });
  const kind = { type: "CONTINUOUS", replicationType: "CONTINUOUS" } as const;
  const sites = { protectedSiteId: from.id, recoverySiteId: to.id };
  const made = await prisma.protectionGroup.create({ data: { name: "far", externalId: "far", ...kind, ...sites } });
  return { pairingId: pairing.id, groupId: made.id };
}

describe("making a plan", () => {
  it("takes all that the reference has, and tells the pair from the groups", async () => {
    const { recoveryPlan } = await stage.send("createRecoveryPlan", shape, {
      name: "  Web  ",
      description: "Complete web application recovery",
      protectionGroups: [group(0, 1, "Database Tier"), group(1, 7, "Web Tier")],
      recoverySettings: { defaultVmPriority: "HIGH", defaultStartupDelaySeconds: 10 },
      rtoTargetSeconds: 3600,
    });
    expect(recoveryPlan).toEqual({
      id: expect.any(String),
      name: "Web",
      description: "Complete web application recovery",
      version: 1,
      lifecycle: "READY",
      state: "READY",
      defaultVmPriority: "HIGH",
      defaultStartupDelaySeconds: 10,
      defaultShutdownDelaySeconds: 300,
      rtoTargetSeconds: 3600,
      vmCount: 4,
      pairing: { id: gid("SitePairing", stage.pairingId) },
      priorityGroups: [
        { priority: 1, name: "Database Tier", protectionGroups: { nodes: [{ name: "group-1" }] }, prePowerOnSteps: [] },
        { priority: 7, name: "Web Tier", protectionGroups: { nodes: [{ name: "group-2" }] }, prePowerOnSteps: [] },
      ],
    });
    const groups = stage.groupIds.slice(0, 2).map((id) => ({ kind: "PROTECTION_GROUP_CHANGED", id, change: "UPDATED" }));
    const made = { kind: "PLAN_CHANGED", id: decodeId(recoveryPlan.id).id, change: "CREATED", name: "Web" };
    expect(await stage.untold(made, ...groups)).toEqual([]);
  });

  it("puts groups of one priority into one priority group, which one of them names", async () => {
    const { recoveryPlan } = await stage.send("createRecoveryPlan", shape, {
      name: "Web",
      protectionGroups: [group(0, 3), group(1, 3, "All")],
    });
    expect(recoveryPlan.priorityGroups).toMatchObject([{ priority: 3, name: "All", protectionGroups: { nodes: [{}, {}] } }]);
  });

  it("makes an empty plan of a named pair", async () => {
    const { recoveryPlan } = await stage.send("createRecoveryPlan", shape, {
      name: "Empty",
      pairingId: gid("SitePairing", stage.pairingId),
      protectionGroups: [],
    });
    expect(recoveryPlan).toMatchObject({ state: "NOT_READY", priorityGroups: [], vmCount: 0, defaultVmPriority: "NORMAL" });
  });

  it("makes one plan for one key, also at once", async () => {
    const input = { name: "Web", protectionGroups: [group(0, 1, "All")], idempotencyKey: "k" };
    const [first, second] = await Promise.all([
      stage.send("createRecoveryPlan", shape, input),
      stage.send("createRecoveryPlan", shape, input),
    ]);
    expect(second).toEqual(first);
    await stage.refused("createRecoveryPlan", { ...input, description: "other" }, { code: "CONFLICT" });
  });

  it("says everything that is wrong with the input at once, by field", () =>
    stage.wrong(
      "createRecoveryPlan",
      {
        name: " ",
        description: "x".repeat(4_097),
        protectionGroups: [group(0, 0, "Zero"), group(0, 101, "Many"), group(1, 5), group(2, 6, "\u0007")],
        recoverySettings: { defaultStartupDelaySeconds: -1, defaultShutdownDelaySeconds: 604_801 },
        rtoTargetSeconds: 0,
      },
      [
        ["name", "at least one character"],
        ["description", "4096"],
        ["recoverySettings.defaultStartupDelaySeconds", "0 to 604800"],
        ["recoverySettings.defaultShutdownDelaySeconds", "0 to 604800"],
        ["rtoTargetSeconds", "1 to 31536000"],
        ["protectionGroups.0.recoveryPriorityGroup.priority", "1 to 100"],
        ["protectionGroups.1.protectionGroupId", "has this protection group above"],
        ["protectionGroups.1.recoveryPriorityGroup.priority", "1 to 100"],
        ["protectionGroups.2.recoveryPriorityGroup.name", "priority group 5 is new and needs a name"],
        ["protectionGroups.3.recoveryPriorityGroup.name", "control characters"],
      ],
    ));

  it("refuses a second name for a priority", () =>
    stage.wrong("createRecoveryPlan", { name: "Web", protectionGroups: [group(0, 1, "Data"), group(1, 1, "Web")] }, [
      ["protectionGroups.1.recoveryPriorityGroup.name", "priority group 1 is called Data"],
    ]));

  it("refuses a name that is taken, in whatever case", () =>
    stage.wrong("createRecoveryPlan", { name: "PLAN", protectionGroups: [group(0, 1, "All")] }, [
      ["name", "Another recovery plan has this name"],
    ]));

  it("refuses a name with a NUL, which no plan can have", () =>
    stage.wrong("createRecoveryPlan", { name: "a\0b", protectionGroups: [group(0, 1, "All")] }, [["name", "control characters"]]));

  it("refuses ids that mean nothing, or the wrong thing", async () => {
    const entry = (protectionGroupId: string) => ({ ...group(0, 1, "All"), protectionGroupId });
    const input = { name: "Web", pairingId: "nonsense", protectionGroups: [entry(gid("Site", nobody)), entry("x")] };
    await stage.wrong("createRecoveryPlan", input, [
      ["pairingId", "not an id"],
      ["protectionGroups.0.protectionGroupId", "id of a Site"],
      ["protectionGroups.1.protectionGroupId", "not an id"],
    ]);
    await stage.wrong("createRecoveryPlan", { name: "Web", protectionGroups: [entry(gid("ProtectionGroup", nobody))] }, [
      ["pairingId", "can't be told"],
      ["protectionGroups.0.protectionGroupId", "no protection group with this id"],
    ]);
    const unknownPair = { name: "Web", pairingId: gid("SitePairing", nobody), protectionGroups: [] };
    await stage.wrong("createRecoveryPlan", unknownPair, [["pairingId", "no pair with this id"]]);
    await stage.wrong("createRecoveryPlan", { name: "Web", protectionGroups: [] }, [["pairingId", "can't be told"]]);
  });

  it("refuses groups of another pair", async () => {
    const far = await anotherPair();
    const foreign = { ...group(0, 1, "All"), protectionGroupId: gid("ProtectionGroup", far.groupId) };
    const between = "is not protected between the plan's pair";
    await stage.wrong("createRecoveryPlan", { name: "Web", protectionGroups: [group(0, 1, "All"), foreign] }, [
      ["protectionGroups.1.protectionGroupId", between],
    ]);
    const input = { name: "Web", pairingId: gid("SitePairing", far.pairingId), protectionGroups: [foreign, group(0, 1)] };
    await stage.wrong("createRecoveryPlan", input, [["protectionGroups.1.protectionGroupId", between]]);
  });

  it("takes a group that is protected in the pair's other direction", async () => {
    await sql(
      "UPDATE protection_group SET protected_site_id = recovery_site_id, recovery_site_id = protected_site_id WHERE name = 'group-1'",
    );
    const { recoveryPlan } = await stage.send("createRecoveryPlan", shape, { name: "Back", protectionGroups: [group(0, 1, "All")] });
    expect(recoveryPlan.pairing.id).toBe(gid("SitePairing", stage.pairingId));
  });

  it("keeps to the quotas of groups per plan and plans per site, and says how much there is", async () => {
    await stage.refused(
      "createRecoveryPlan",
      { name: "Web", protectionGroups: [group(0, 1, "All"), group(1, 1), group(2, 1)] },
      { code: "CONFLICT", limit: 2, current: 0, message: expect.stringContaining("protection groups in the plan Web") },
    );
    const input = (name: string) => ({ name, pairingId: gid("SitePairing", stage.pairingId), protectionGroups: [] });
    const answers = await Promise.all(["a", "b", "c", "d"].map((name) => stage.send("createRecoveryPlan", "__typename", input(name))));
    expect(answers.filter(({ code }) => code === "CONFLICT")).toHaveLength(2);
    await stage.refused("createRecoveryPlan", input("e"), {
      code: "CONFLICT",
      limit: 3,
      current: 3,
      message: expect.stringMatching(/recovery plans of the site site-[ab]/),
    });
  });

  it.each([
    ["GROUP_CREATE", "being made"],
    ["GROUP_DELETE", "being deleted"],
  ])("refuses a group on which a %s works", async (kind, message) => {
    const { rows } = await sql(
      `INSERT INTO recovery (id, plan_name, pairing_id, kind, state, options, initiated_by)
        VALUES (gen_random_uuid(), 'group-1', $1, $2, 'RUNNING', '{}', 'olga') RETURNING id`,
      stage.pairingId,
      kind,
    );
    await sql("INSERT INTO group_use (group_id, run_id) VALUES ($1, $2)", stage.groupIds[0], rows[0].id);
    await stage.refused(
      "createRecoveryPlan",
      { name: "Web", protectionGroups: [group(0, 1, "All")] },
      { code: "CONFLICT", activeRecoveryId: gid("Recovery", rows[0].id), message: expect.stringContaining(message) },
    );
  });

  it("refuses VMs that would wait for each other, and names the shortest cycle", async () => {
    const [first, second] = ["vm-1", "vm-2"].map((name) => stage.vmIds.get(name));
    await sql("INSERT INTO vm_dependency (vm_id, depends_on_vm_id) VALUES ($1, $2)", first, second);
    await stage.wrong("createRecoveryPlan", { name: "Web", protectionGroups: [group(0, 1, "First"), group(1, 2, "Second")] }, [
      ["protectionGroups", /vm-1 waits for vm-2 \(depends on\), vm-2 waits for vm-1 \(priority group 2 comes after 1\)/],
    ]);
  });

  it("refuses VMs that would get one address, however it is written", async () => {
    for (const [name, targetIp] of [
      ["vm-1", "fd00::1"],
      ["vm-4", "fd00:0:0::0001"],
    ] as const) {
      const vmId = stage.vmIds.get(name);
      await sql("INSERT INTO vm_recovery_settings (vm_id, ip_customization_enabled) VALUES ($1, true)", vmId);
      await sql(
        "INSERT INTO ip_rule (id, vm_id, position, nic_index, target_ip, prefix_length) VALUES (gen_random_uuid(), $1, 1, 0, $2, 64)",
        vmId,
        targetIp,
      );
    }
    await stage.wrong("createRecoveryPlan", { name: "Web", protectionGroups: [group(0, 1, "All"), group(1, 1)] }, [
      ["protectionGroups", "is vm-1's already"],
    ]);
  });

  it("needs the role EDITOR", () =>
    stage.refused(
      "createRecoveryPlan",
      { name: "Web", protectionGroups: [group(0, 1, "All")] },
      { code: "FORBIDDEN", requiredRole: "EDITOR" },
      as("OPERATOR", "SCRIPT_EDITOR", "ADMIN"),
    ));
});
