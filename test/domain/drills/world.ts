/** Two lab sites with two plans, for drills. */
import { common, group, machine, site } from "../../support/two-sites.ts";

const ask = { type: "PROMPT", name: "Ask", message: "Go on?" };

export const drillWorld = {
  version: 1,
  sites: [site("A", "PROTECTED", { virtualMachines: [machine("front"), machine("back")] }), site("B", "RECOVERY")],
  pairings: [
    {
      ...common,
      networkMappings: [{ source: "LAN A", target: "LAN B" }],
      folderMappings: [{ source: "/A/Shop", target: "/B/Shop" }],
      resourceMappings: [{ source: "Pool A", target: "Pool B" }],
    },
  ],
  protectionGroups: [group("first", "front"), group("second", "back")],
  recoveryPlans: [
    {
      name: "Shop",
      ...common,
      priorityGroups: [{ priority: 1, name: "All", protectionGroups: ["first"], preSteps: [ask] }],
    },
    { name: "Office", ...common, priorityGroups: [{ priority: 1, name: "All", protectionGroups: ["second"] }] },
  ],
};
