import { describe, expect, it } from "vitest";
import { emptyModel } from "../../src/import/items.ts";
import { type Base, problemsOf } from "./stage.ts";

const first = <T>(list: readonly T[]): T => {
  const [found] = list;
  if (found === undefined) throw new Error("the base file has none");
  return found;
};
const siteA = (file: Base) => file.sites[0] as Base["sites"][0] & { networks: object[]; virtualMachines: Record<string, unknown>[] };
const plan = (file: Base) => first(file.recoveryPlans);
const set = (target: object, values: object) => void Object.assign(target, values);

const cases: [rule: string, change: (file: Base) => void, problems: (string | RegExp)[]][] = [
  ["is right as it is", () => {}, []],
  [
    "names are unique without regard to case",
    (file) => {
      set(first(file.protectionGroups), { name: "WEBS", virtualMachines: ["db-1"] });
      siteA(file).networks.push({ name: "NET-A" });
    },
    [
      "protectionGroups[1].name: A protection group of this name is above.",
      "sites[0].networks[1].name: The site A has another one of this name above.",
      /There is no protection group dbs/,
    ],
  ],
  [
    "lab sites share the names of networks",
    (file) => void siteA(file).networks.push({ name: "net-b" }),
    ["sites[1].networks[0].name: The site A has it under this name; lab sites share these names."],
  ],
  [
    "a VM's network is one of its site",
    (file) => set(siteA(file).virtualMachines[0] ?? {}, { nics: [{ network: "net-b" }] }),
    [/nics\[0\]\.network: The site A has no network net-b\. Did you mean net-a\?$/],
  ],
  [
    "a VM's datastore, folder and pool are there",
    (file) => set(siteA(file).virtualMachines[0] ?? {}, { datastore: "x", folder: "/x", resourcePool: "x" }),
    [/no datastore x/, /no folder \/x/, /no resource pool x/],
  ],
  [
    "a pair's sites are there",
    (file) => set(first(file.pairings), { recoverySite: "C" }),
    [/^pairings\[0\]\.recoverySite: There is no site C/, /are not paired/, /are not paired/, /are not paired/],
  ],
  [
    "a site is not paired with itself",
    (file) => set(first(file.pairings), { recoverySite: "a" }),
    [/paired with itself/, /not paired/, /not paired/, /not paired/],
  ],
  [
    "two sites are paired once",
    (file) => void file.pairings.push({ ...first(file.pairings), protectedSite: "B", recoverySite: "A", networkMappings: [] }),
    [/^pairings\[1\]: These two sites are paired above/],
  ],
  [
    "a source is mapped once",
    (file) => void first(file.pairings).networkMappings.push({ source: "NET-A", target: "net-b" }),
    [/mapped above/],
  ],
  [
    "a mapping's ends are there",
    (file) => set(first(first(file.pairings).networkMappings), { target: "net-c" }),
    [/networkMappings\[0\]\.target: The site B has no network net-c/],
  ],
  [
    "a group's VMs are there",
    (file) => set(first(file.protectionGroups), { virtualMachines: ["db-1", "db-3"] }),
    [/^protectionGroups\[0\]\.virtualMachines\[1\]: The site A has no VM db-3\. Did you mean db-[12]\?$/],
  ],
  [
    "a VM is in one group",
    (file) => set(file.protectionGroups[1] ?? {}, { virtualMachines: ["web-1", "DB-1"] }),
    [/virtualMachines\[1\]: The VM DB-1 is in the protection group dbs already/],
  ],
  [
    "a group's VMs lie on its datastores",
    (file) => {
      siteA(file).datastores.push({ name: "other", capacityBytes: 1, freeBytes: 1 });
      set(first(file.protectionGroups), { type: "REPLICATION", storageGroups: [{ sources: ["other"], target: "dr" }] });
    },
    [/The VM db-1 lies on ds, which this group does not replicate/, /db-2/],
  ],
  [
    "a plan's groups are there, each once",
    (file) => set(first(plan(file).priorityGroups), { protectionGroups: ["dbs", "webs", "wbs"] }),
    [
      /priorityGroups\[1\].protectionGroups\[0\]: The plan has this protection group above/,
      /There is no protection group wbs\. Did you mean/,
    ],
  ],
  [
    "a plan goes in the direction of its groups",
    (file) => set(plan(file), { protectedSite: "B", recoverySite: "A" }),
    [/dbs goes from A to B/, /webs goes from A to B/],
  ],
  ["a priority is one group", (file) => set(plan(file).priorityGroups[1] ?? {}, { priority: 1 }), [/This priority has a group above/]],
  ["a plan has a group", (file) => set(plan(file), { priorityGroups: [] }), [/at least one protection group/]],
  [
    "settings belong to a VM that is there, once",
    (file) => void file.vmSettings.push({ virtualMachine: "DB-1" }, { virtualMachine: "db-9" }),
    [/^vmSettings\[2\].virtualMachine: The settings of this VM are above/, /There is no VM db-9/],
  ],
  [
    "a VM depends on others that are there",
    (file) => set(first(file.vmSettings), { dependsOn: ["db-1", "db-7"] }),
    [/can't depend on itself/, /dependsOn\[1\]: The site A has no VM db-7/],
  ],
  [
    "VMs don't wait for each other",
    (file) => set(first(file.vmSettings), { dependsOn: ["web-1"] }),
    [/^vmSettings\[\d\]\.dependsOn: In the plan plan VMs would wait for each other for ever: .*db-1 waits for web-1 \(depends on\)/],
  ],
  [
    "a dependency goes with tiers",
    (file) => {
      set(first(file.vmSettings), { priority: "HIGH", dependsOn: ["db-2"] });
    },
    [/db-2 waits for db-1 \(tier NORMAL comes after HIGH\)/],
  ],
  [
    "an address is given once in a plan",
    (file) => set(file.vmSettings[1] ?? {}, { ipCustomization: { rules: [{ nicIndex: 0, targetIp: "10.0.2.1", prefixLength: 24 }] } }),
    [/^vmSettings\[1\]\.ipCustomization\.rules\[0\]\.targetIp: In the plan plan the address 10\.0\.2\.1 is db-1's already/],
  ],
  [
    "an address is one",
    (file) => set(first(file.vmSettings), { ipCustomization: { rules: [{ nicIndex: 0, targetIp: "10.0.2.300", prefixLength: 24 }] } }),
    [/This is not an IP address/],
  ],
  [
    "an IP rule names its adapter and its prefix",
    (file) =>
      set(first(file.vmSettings), {
        ipCustomization: { rules: [{ targetIp: "10.0.2.1" }, { nicIndex: 0, targetIp: "10.0.2.9", prefixLength: 64, gateway: "fd00::1" }] },
      }),
    [/names its adapter/, /needs its prefixLength/, /at most 32 bits/, /gateway is of the same family/],
  ],
  [
    "no command runs in a guest that is not on",
    (file) => set(first(file.vmSettings), { prePowerOnCommands: [{ command: "x", runInGuest: true }] }),
    [/prePowerOnCommands\[0\]\.runInGuest: A command can't run in a guest that is not powered on yet/],
  ],
  [
    "credentials belong to a guest's command",
    (file) => set(first(file.vmSettings), { postPowerOnCommands: [{ command: "x", passwordSecretId: "s" }] }),
    [/Credentials of a guest/],
  ],
  [
    "a command has at most 4,096 characters",
    (file) => set(first(file.vmSettings), { postPowerOnCommands: [{ command: "x".repeat(4097) }] }),
    [/postPowerOnCommands\[0\]\.command: A command has at most 4,096 characters/],
  ],
  [
    "a secret's id is a file name",
    (file) => set(first(file.vmSettings), { postPowerOnCommands: [{ command: "x", runInGuest: true, passwordSecretId: "../etc/passwd" }] }),
    [/A secret's id/],
  ],
  [
    "a TCP check has a port, a SCRIPT check a program",
    (file) => {
      set(first(file.vmSettings), { readyCheck: { type: "TCP" } });
      set(file.vmSettings[1] ?? {}, { readyCheck: { type: "SCRIPT" } });
    },
    [/needs a port/, /needs its program/],
  ],
  [
    "a field of another type of step is refused",
    (file) => void first(plan(file).priorityGroups).preSteps?.push({ type: "PAUSE", name: "p", durationSeconds: 1, command: "x" }),
    [/There is no field command here/],
  ],
  [
    "a prompt's time-out and default answer belong together",
    (file) => void first(plan(file).priorityGroups).preSteps?.push({ type: "PROMPT", name: "p", message: "m", timeoutSeconds: 5 }),
    [/one means nothing without the other/],
  ],
  [
    "a pause is 1 to 86,400 s, or without end",
    (file) =>
      void first(plan(file).priorityGroups).preSteps?.push({ type: "PAUSE", name: "p" }, { type: "PAUSE", name: "q", durationSeconds: 0 }),
    [/preSteps\[3\]\.durationSeconds: .*1/],
  ],
  [
    "a group has at most 500 VMs",
    (file) => {
      const names = Array.from({ length: 501 }, (_, index) => `vm-${index}`);
      for (const name of names) siteA(file).virtualMachines.push({ name });
      set(first(file.protectionGroups), { virtualMachines: names });
      set(file, { vmSettings: [] });
    },
    ["protectionGroups[0].virtualMachines: A protection group has at most 500 VMs; this one has 501."],
  ],
  [
    "a plan has at most 50 groups",
    (file) => {
      const names = Array.from({ length: 51 }, (_, index) => `group-${index}`);
      for (const name of names) file.protectionGroups.push({ ...first(file.protectionGroups), name, virtualMachines: [] });
      set(first(plan(file).priorityGroups), { protectionGroups: names });
    },
    ["recoveryPlans[0].priorityGroups: A plan has at most 50 protection groups; this one has 52."],
  ],
  [
    "a site has at most 250 plans",
    (file) => {
      for (let index = 0; index < 250; index++) file.recoveryPlans.push({ ...plan(file), name: `plan-${index}` });
    },
    [/^recoveryPlans\[250\]: A site has at most 250 plans; this would be one more of A/, /of B/],
  ],
];

describe("an import file", () => {
  it.each(cases)("%s", (_rule, change, wanted) => {
    const problems = problemsOf(change);
    expect(problems).toHaveLength(wanted.length);
    wanted.forEach((text, index) => {
      if (typeof text === "string") expect(problems[index]).toBe(text);
      else expect(problems[index]).toMatch(text);
    });
  });

  it("stays within the limits that the gateway is configured with", () => {
    const quotas = { vmsPerGroup: 1, groupsPerPlan: 1, plansPerSite: 0 };
    expect(problemsOf(() => {}, emptyModel(), quotas)).toEqual([
      "protectionGroups[0].virtualMachines: A protection group has at most 1 VMs; this one has 2.",
      "protectionGroups[1].virtualMachines: A protection group has at most 1 VMs; this one has 2.",
      "recoveryPlans[0].priorityGroups: A plan has at most 1 protection groups; this one has 2.",
      "recoveryPlans[0]: A site has at most 0 plans; this would be one more of A.",
      "recoveryPlans[0]: A site has at most 0 plans; this would be one more of B.",
    ]);
  });
});
