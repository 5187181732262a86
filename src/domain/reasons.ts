/** Why a precondition fails: one registry for the errors, the schema and docs/codes.md. */
import { warningCodes } from "../engine/warnings.ts";

export const reasons = {
  CAPABILITY_MISSING: warningCodes.CAPABILITY_MISSING.meaning,
  CURSOR_EXPIRED: "The cursor no longer leads to a place in the log.",
  DATA_LOSS: "Going back to a recovery point loses what was written since, and nobody has accepted that.",
  DUPLICATE_ADDRESS: warningCodes.DUPLICATE_ADDRESS.meaning,
  EMPTY: warningCodes.EMPTY.meaning,
  GROUP_NOT_READY: "A protection group of the plan is not READY.",
  GROUP_RECOVERED_ELSEWHERE: warningCodes.GROUP_RECOVERED_ELSEWHERE.meaning,
  INVENTORY_UNUSABLE: "What a site tells of its inventory can't be taken.",
  LAG_TOO_HIGH: "A VM's replica is older than the drill tolerates.",
  MAPPING_MISSING: warningCodes.MAPPING_MISSING.meaning,
  MIXED_DIRECTION: warningCodes.MIXED_DIRECTION.meaning,
  NO_RECOVERY_POINT: warningCodes.NO_RECOVERY_POINT.meaning,
  NOT_PAIRED: "Two sites are not paired.",
  NOT_PROTECTED: "A VM is in no protection group.",
  NOT_YET_SUPPORTED: "This release can't do it.",
  READINESS_BLOCKED: "The plan's readiness has a blocker that is in the way of a test.",
  SITE_DISCONNECTED: warningCodes.SITE_DISCONNECTED.meaning,
  SITE_UNKNOWN: "A provider does not know the site by the name that was given.",
  SOURCE_VMS_RUNNING: "Protected VMs are not off, and the recovery was told not to shut them down.",
  SPLIT_BRAIN: warningCodes.SPLIT_BRAIN.meaning,
  UNFENCED: "The protected site can't be reached, and nobody has accepted that its VMs may be running.",
  VM_NOT_CONFIGURED: warningCodes.VM_NOT_CONFIGURED.meaning,
} as const satisfies Record<string, string>;
export type PreconditionReason = keyof typeof reasons;
