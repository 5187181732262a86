import { builder } from "../builder.ts";
import { type Role, roles } from "../viewer.ts";

const describedRoles: Record<Role, string> = {
  VIEWER: "Reads. Every role includes this one.",
  OPERATOR: "Tests, cleanup, prompts, control of tests.",
  RECOVERY_ADMIN: "Planned and disaster recovery, reprotect, failback, and control of those runs. Includes OPERATOR.",
  EDITOR: "Groups, plans, settings of VMs, mappings, drills; not commands.",
  SCRIPT_EDITOR: "Commands that plans run.",
  ADMIN: "Users, sites, limits, audit. Includes no other role but VIEWER.",
};

export const RoleType = builder.enumType("Role", {
  description: "What a user may do; a user has a set of these. Expect roles that are added later.",
  values: Object.fromEntries(roles.map((role) => [role, { value: role, description: describedRoles[role] }])),
});
