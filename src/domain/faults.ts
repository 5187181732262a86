/** What is wrong with a thing, from one registry of codes. */
import { warningCodes } from "../engine/warnings.ts";
import { builder } from "./builder.ts";

/** Each code with what to do about it; the schema's description lists them. */
export const remedies = {
  CAPABILITY_MISSING: "Change the VM's recovery settings, or recover to a site whose provider can do it.",
  CONFIGURATION: "Look at the object's settings, correct them, and configure it again.",
  EMPTY: "Add protection groups with configured VMs to the plan.",
  GROUP_DELETE_FAILED: warningCodes.GROUP_DELETE_FAILED.remedy,
  GROUP_DELETED: "Protect the VMs by another group and add it to the plan, or change the plan's groups to what it shall recover now.",
  GROUP_FAULT: "Look at the faults of the named protection group.",
  GROUP_IN_USE: "Wait until the named run has ended, or cancel it.",
  GROUP_RECOVERED_ELSEWHERE: "Reprotect with the plan that recovered the group, or take the group out of this plan.",
  INVENTORY_MISSING: "Put it back at its site, or take it out of the mappings and storage groups that name it.",
  LEFTOVER: "Clean up again (cleanupTest, with force if it can't be removed), or remove it by hand at the site.",
  MAPPING_MISSING: "Map it to the recovery site, in the inventory or for the VM.",
  MISSING_AT_SOURCE: "Put the VM back at its site, or take it out of protection; its replica can still be recovered.",
  MIXED_DIRECTION: "Recover or reprotect the groups that differ, so that all of them have the same direction.",
  NEEDS_CLEANUP: "Clean up the last test (cleanupTest).",
  NEEDS_REPROTECT: "Reprotect the plan.",
  PLACEHOLDER_FAILED: warningCodes.PLACEHOLDER_FAILED.remedy,
  REPLICATION_FAILED: warningCodes.REPLICATION_FAILED.remedy,
  RPO_VIOLATION: "See why replication lags: the site's connection, its managers, or a paused replication.",
  RUN_INCOMPLETE: "Run it again: cleanup, recovery or reprotect, whichever the lifecycle names.",
  SITE_DISCONNECTED: "Restore the connection to the site; a disaster recovery needs only the recovery site.",
  SITE_PARTIALLY_CONNECTED: "See which of the site's managers or replication servers is down.",
  SPLIT_BRAIN: warningCodes.SPLIT_BRAIN.remedy,
  UNPROTECTED_VM: warningCodes.UNPROTECTED_VM.remedy,
  VM_FAULT: "Look at the faults of the named VMs.",
  VM_NOT_CONFIGURED: "Configure it with the VMs of its protection group (addProtectedVms), or take it out of protection.",
} as const satisfies Record<string, string>;
export type FaultCode = keyof typeof remedies;

export interface Fault {
  /** One of the registry's, or a provider's own. */
  readonly code: string;
  readonly message: string;
  readonly since: Date | null;
  /** What it is about, where that is not the object that shows it. What is gone has no id. */
  readonly about?: FaultSubject;
}

export interface FaultSubject {
  readonly type: "ProtectionGroup" | "Site" | "Network" | "Folder" | "ResourcePool";
  readonly id: string | null;
  readonly name: string;
}

const remedyOf = (code: string): string => Object.entries(remedies).find(([known]) => known === code)?.[1] ?? remedies.CONFIGURATION;

export const fault = (code: FaultCode, message: string, since: Date | null = null, about?: FaultSubject): Fault => ({
  code,
  message,
  since,
  ...(about === undefined ? {} : { about }),
});

/** `isKnown`: both were seen running; else the originals are not proven off. */
export const splitBrain = (vmNames: string, isKnown: boolean): string =>
  isKnown ? `Recovered VMs run on both sites: ${vmNames}.` : `The originals of recovered VMs are not proven off: ${vmNames}.`;

/** A fault as rows of groups and VMs have it. */
export function storedFault(row: { faultCode: string | null; faultMessage: string | null; faultSince?: Date | null }): Fault[] {
  if (row.faultCode === null) return [];
  return [{ code: row.faultCode, message: row.faultMessage ?? row.faultCode, since: row.faultSince ?? null }];
}

export const FaultRef = builder.objectRef<Fault>("Fault").implement({
  description: `Something that is wrong now. Codes, of which more may come (docs/codes.md): ${Object.keys(remedies).join(", ")}. (Reference: fault.)`,
  fields: (t) => ({
    code: t.exposeString("code", { description: "What kind of fault it is, for programs: one of docs/codes.md, or a provider's own." }),
    message: t.exposeString("message", { description: "What is wrong, with the names it concerns." }),
    since: t.expose("since", { type: "DateTime", nullable: true, description: "Since when; null when that is not known." }),
    remedy: t.string({ description: "What to do about it.", resolve: ({ code }) => remedyOf(code) }),
  }),
});
