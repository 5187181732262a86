/** Several editors at once: nothing is lost, nobody waits for ever, and two changes that are right by themselves make no cycle together. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { labSites } from "../../support/lab.ts";
import { until } from "../../support/run.ts";
import { anotherPlan } from "../recoveries/stage.ts";
import { type Answer, aPlanStage, gid, type PlanStage } from "./stage.ts";

let stage: PlanStage;
let planId: string;
beforeAll(async () => {
  stage = await aPlanStage({ priorityGroups: [{ groups: [0] }] }, labSites({ vms: 6, groups: 3 }));
  planId = gid("RecoveryPlan", stage.planId);
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const vm = (name: string) => gid("VirtualMachine", stage.vmIds.get(name));
const groupId = (at: number) => gid("ProtectionGroup", stage.groupIds[at]);

interface Editable {
  /** Its version and the list that every editor adds its own number to. */
  read(): Promise<{ readonly version: number; readonly list: readonly string[] }>;
  /** What the mutation answers. */
  write(list: readonly string[], expectedVersion: number): Promise<Answer>;
}

/** Each of 100 editors reads, and adds its own number to what it has read; some of them read what others have written meanwhile. */
async function everybodyEdits({ read, write }: Editable): Promise<void> {
  const first = await read();
  const edit = async (editor: number): Promise<string[]> => {
    const { version, list } = editor < 50 ? first : await read();
    const answer = await write([...list, `${editor}`], version);
    if (answer.code === undefined) return [`${editor}`];
    expect(answer).toMatchObject({ code: "CONFLICT", version: expect.any(Number) });
    expect(answer.version).toBeGreaterThan(version);
    return [];
  };
  const won = (await Promise.all(Array.from({ length: 100 }, (_, editor) => edit(editor)))).flat();
  const last = await read();
  expect(last.list.toSorted()).toEqual(won.sort());
  expect(last.version).toBe(first.version + won.length);
  expect(won.length).toBeGreaterThan(0);
  expect(won.filter((editor) => Number(editor) < 50).length).toBeLessThanOrEqual(1);
}

describe("of 100 editors who expect the version that they have read, each that wins has its change kept", () => {
  it("of a plan", () =>
    everybodyEdits({
      read: async () => {
        const { recoveryPlan } = await stage.ask("query ($id: ID!) { recoveryPlan(id: $id) { version description } }", { id: planId });
        return { version: recoveryPlan.version, list: recoveryPlan.description.split(" ").filter(Boolean) };
      },
      write: (list, expectedVersion) =>
        stage.send("updateRecoveryPlan", "__typename", { planId, description: list.join(" "), expectedVersion }),
    }));

  it("of a plan's steps", () =>
    everybodyEdits({
      read: async () => {
        const query = "query ($id: ID!) { recoveryPlan(id: $id) { version priorityGroups { prePowerOnSteps { name } } } }";
        const { recoveryPlan } = await stage.ask(query, { id: planId });
        const [{ prePowerOnSteps }] = recoveryPlan.priorityGroups;
        return { version: recoveryPlan.version, list: prePowerOnSteps.map(({ name }: { name: string }) => name) };
      },
      write: (list, expectedVersion) => {
        const priorityGroups = [{ priority: 1, prePowerOnSteps: list.map((name) => ({ pause: { name } })) }];
        return stage.send("configurePriorityGroups", "__typename", { planId, priorityGroups, expectedVersion });
      },
    }));

  it("of a VM's recovery settings, from the first ones on", () =>
    everybodyEdits({
      read: async () => {
        const query = "query ($id: ID!) { vm(id: $id) { recoverySettings { version commands { command } } } }";
        const { recoverySettings } = (await stage.ask(query, { id: vm("vm-1") })).vm;
        return { version: recoverySettings.version, list: recoverySettings.commands.map(({ command }: { command: string }) => command) };
      },
      write: (list, expectedVersion) => {
        const prePowerOnCommands = list.map((command) => ({ command }));
        return stage.send("configureVmRecoverySettings", "__typename", { vmId: vm("vm-1"), prePowerOnCommands, expectedVersion });
      },
    }));
});

it("of 20 editors who map a VM's networks at once, one wins", async () => {
  const { rows } = await stage.db.database.pool.query("SELECT id, name FROM network");
  const network = (name: string) => gid("Network", rows.find((row) => row.name === name)?.id);
  const networkMappings = [{ sourceNetworkId: network("net-a"), targetNetworkId: network("net-b") }];
  const input = { vmId: vm("vm-1"), networkMappings, expectedVersion: 1 };
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => stage.send("configureVmNetworkMappings", "vm { networkMappingsVersion }", input)),
  );
  expect(answers.filter((answer) => answer.vm?.networkMappingsVersion === 2)).toHaveLength(1);
  expect(answers.filter(({ code, version }) => code === "CONFLICT" && version === 2)).toHaveLength(19);
});

describe("editors of the same sites", () => {
  const add = (plan: string, at: number) =>
    stage.send("addProtectionGroupToPlan", "__typename", {
      planId: plan,
      protectionGroupId: groupId(at),
      recoveryPriorityGroup: { priority: 1, name: "all" },
    });
  const remove = (plan: string, at: number) =>
    stage.send("removeProtectionGroupFromPlan", "__typename", { planId: plan, protectionGroupId: groupId(at) });

  it("who move groups between two plans crosswise don't wait for each other for ever", async () => {
    const other = await anotherPlan(stage, stage.groupIds.slice(0, 1));
    await stage.db.database.pool.query("UPDATE plan_priority_group SET name = 'all'");
    const plans = [planId, gid("RecoveryPlan", other)];
    const editor = async (at: number, first: string, second: string) => {
      for (let round = 0; round < 10; round++) {
        for (const plan of [first, second]) expect(await add(plan, at)).toHaveProperty("__typename", "AddProtectionGroupToPlanPayload");
        for (const plan of [second, first])
          expect(await remove(plan, at)).toHaveProperty("__typename", "RemoveProtectionGroupFromPlanPayload");
      }
    };
    const [one = "", two = ""] = plans;
    const settings = async (vmId: string) => {
      for (let round = 0; round < 20; round++)
        expect(await stage.send("configureVmRecoverySettings", "__typename", { vmId, startupDelaySeconds: round })).not.toHaveProperty(
          "code",
        );
    };
    await Promise.all([editor(1, one, two), editor(2, two, one), settings(vm("vm-1")), settings(vm("vm-2"))]);
    const { rows } = await stage.db.database.pool.query("SELECT version FROM recovery_plan ORDER BY version");
    expect(rows).toEqual([{ version: 41 }, { version: 41 }]);
  });

  it("make no cycle together: of two dependencies that close one, the second is refused", async () => {
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all([
        stage.send("configureVmRecoverySettings", "vm { name }", { vmId: vm("vm-1"), dependsOnVmIds: [vm("vm-4")] }),
        stage.send("configureVmRecoverySettings", "vm { name }", { vmId: vm("vm-4"), dependsOnVmIds: [vm("vm-1")] }),
      ]);
      expect(answers.map(({ code = "done" }) => code).sort()).toEqual(["INVALID_REQUEST", "done"]);
      for (const vmId of [vm("vm-1"), vm("vm-4")])
        await stage.send("configureVmRecoverySettings", "vm { name }", { vmId, dependsOnVmIds: null });
    }
  });

  it("make no cycle together: nor do a dependency and a group that comes, both checked before either is committed", async () => {
    const { database } = stage.db;
    await stage.send("configureVmRecoverySettings", "vm { name }", { vmId: vm("vm-2"), priority: "HIGH" });
    const rival = await database.connectDirect("rival");
    const waiting = async (many: number) => {
      const text = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      await until(async () => (await database.pool.query(text)).rowCount === many, `${many} that wait`);
    };
    try {
      // The log's counter is what each takes last: whoever waits for it has been checked and written.
      await rival.query("BEGIN; UPDATE event_counter SET value = value");
      const dependency = stage.send("configureVmRecoverySettings", "vm { name }", { vmId: vm("vm-2"), dependsOnVmIds: [vm("vm-1")] });
      await waiting(1);
      const input = { planId, protectionGroupId: groupId(1), recoveryPriorityGroup: { priority: 1 } };
      const group = stage.send("addProtectionGroupToPlan", "__typename", input);
      await waiting(2);
      await rival.query("COMMIT");
      expect(await dependency).toEqual({ vm: { name: "vm-2" } });
      expect(await group).toMatchObject({ code: "INVALID_REQUEST", message: expect.stringContaining("vm-2 waits for vm-1") });
    } finally {
      await rival.end();
    }
  });

  it("make at most one plan of a name", async () => {
    const input = { name: "Web", pairingId: gid("SitePairing", stage.pairingId), protectionGroups: [] };
    const answers = await Promise.all([1, 2, 3, 4].map(() => stage.send("createRecoveryPlan", "recoveryPlan { name }", input)));
    expect(answers.filter(({ recoveryPlan }) => recoveryPlan?.name === "Web")).toHaveLength(1);
    for (const { code, fieldErrors } of answers.filter((answer) => answer.code)) {
      expect([code, fieldErrors]).toEqual(["INVALID_REQUEST", [{ path: ["name"], message: expect.any(String) }]]);
    }
  });
});
