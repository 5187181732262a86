/** Global ids: opaque to clients, "Type:database id" in base64 to us. */
import { InvalidRequestError, NotFoundError } from "./errors.ts";

/** Every type that has an id of its own. */
export const nodeTypes = [
  "ArrayManager",
  "AuditRecord",
  "CommandStep",
  "Datastore",
  "Drill",
  "DrillOccurrence",
  "Folder",
  "FolderMapping",
  "Leftover",
  "Network",
  "NetworkMapping",
  "NotificationDelivery",
  "PauseStep",
  "PriorityGroup",
  "Prompt",
  "PromptStep",
  "ProtectionGroup",
  "ReadinessFinding",
  "Recovery",
  "RecoveryPlan",
  "RecoveryPoint",
  "RecoveryRemark",
  "RecoveryStep",
  "ReplicationServer",
  "Report",
  "ResourceMapping",
  "ResourcePool",
  "RpoViolation",
  "Site",
  "SitePairing",
  "Task",
  "User",
  "VirtualMachine",
  "Webhook",
] as const;
export type NodeType = (typeof nodeTypes)[number];

const isNodeType = (text: string): text is NodeType => nodeTypes.some((type) => type === text);
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A step has no uuid: its run's, and its ordinal. */
const stepId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\/[1-9][0-9]{0,8}$/;

/** Longer than any id of ours. */
const scratch = Buffer.alloc(256);

export function encodeId(type: string, id: string): string {
  const text = `${type}:${id}`; // of ASCII alone
  return scratch.toString("base64url", 0, scratch.write(text, "latin1"));
}

/** Throws InvalidRequestError for what can't be an id of ours. */
export function decodeId(
  globalId: string,
  path: readonly string[] = ["id"],
  expected: NodeType | null = null,
): { typename: NodeType; id: string } {
  const bytes = Buffer.from(globalId, "base64url");
  const [typename, id, ...rest] = bytes.toString("latin1").split(":");
  const whole = globalId.length <= 128 && bytes.toString("base64url") === globalId.replace(/=+$/, "") && rest.length === 0;
  if (!whole || typename === undefined || id === undefined || !isNodeType(typename)) throw notAnId(globalId, path, expected);
  if (!(typename === "RecoveryStep" ? stepId : uuid).test(id)) throw notAnId(globalId, path, expected);
  return { typename, id };
}

/** The database id of an object of this type; InvalidRequestError for an id of another type. */
export function idOf(type: NodeType, globalId: string, path: readonly string[] = ["id"]): string {
  const { typename, id } = decodeId(globalId, path, type);
  if (typename === type) return id;
  const message = `This is the id of a ${typename}; an id of a ${type} belongs here.`;
  throw new InvalidRequestError(message, [{ path, message }]);
}

/** In the path of a file that is fetched: what is no id leads to nothing, like one of nothing. Throws NotFoundError. */
export function idInPath(type: NodeType, globalId: string): string {
  try {
    return idOf(type, globalId);
  } catch {
    throw new NotFoundError(type, globalId);
  }
}

/** For where an id may be left out: null then. An empty one is no id. */
export const idIfGiven = (type: NodeType, globalId: string | null | undefined, path: readonly string[]): string | null =>
  globalId === null || globalId === undefined ? null : idOf(type, globalId, path);

/** The lists at the root that ids are found in; those of other types are found below these. */
export const rootLists: Readonly<Partial<Record<NodeType, string>>> = {
  AuditRecord: "auditLog",
  Datastore: "datastores",
  Drill: "drills",
  Folder: "folders",
  Network: "networks",
  NotificationDelivery: "notificationDeliveries",
  Prompt: "openPrompts",
  ProtectionGroup: "protectionGroups",
  Recovery: "recoveries",
  RecoveryPlan: "recoveryPlans",
  Report: "reports",
  ResourcePool: "resourcePools",
  RpoViolation: "rpoViolations",
  Site: "sites",
  Task: "tasks",
  User: "users",
  VirtualMachine: "vms",
  Webhook: "webhooks",
};

function notAnId(globalId: string, path: readonly string[], expected: NodeType | null): InvalidRequestError {
  const type = expected === null ? "an object" : `${/^[AEIO]/.test(expected) ? "an" : "a"} ${expected}`;
  const list = rootLists[expected ?? "RecoveryPlan"];
  const example = list === undefined ? "" : `, such as ${list}' nodes.id`;
  const wrong = globalId === "" ? "is empty" : "is not an id of this API";
  const message = `${path.join(".")} ${wrong}: give the id of ${type}${example}.`;
  return new InvalidRequestError(message, [{ path, message }]);
}
