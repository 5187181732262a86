/** What previews of the three kinds of runs find, as findings about objects. Pure. */
import type { Preview } from "../recoveries/service-preview.ts";
import type { PlaceRow, ReadinessFacts } from "./facts.ts";
import type { FindingObject, Found, ObjectType, RecoveryType } from "./found.ts";
import { isReadinessCode, type ReadinessCode, rules } from "./rules.ts";

export type Looked = Pick<Preview, "recoveryType" | "blockers" | "warnings" | "resolved">;

/**
 * What is told by the plan's own faults, with its object, or is an answer to an option that the evaluation chose: UNFENCED and SYNC_IGNORED follow
 * from a protected site that is away. A CONFLICT is another run that is under way, or the lifecycle.
 */
const toldElsewhere: ReadonlySet<string> = new Set([
  "CONFLICT",
  "SITE_DISCONNECTED",
  "MIXED_DIRECTION",
  "GROUP_RECOVERED_ELSEWHERE",
  "GROUP_NOT_READY",
  "GROUP_LEFT_OUT",
  "SPLIT_BRAIN",
  "DATA_LOSS",
  "UNFENCED",
  "SYNC_IGNORED",
]);

const placeTypes = { network: "Network", folder: "Folder", "resource pool": "ResourcePool", datastore: "Datastore" } as const;

const typeOf: Partial<Record<ReadinessCode, ObjectType>> = {
  ADDRESS_IN_USE: "VirtualMachine",
  CAPABILITY_MISSING: "VirtualMachine",
  CPU_SHORT: "ResourcePool",
  DATASTORE_SHORT: "Datastore",
  DEPENDENCY_OUTSIDE_RUN: "VirtualMachine",
  DUPLICATE_ADDRESS: "VirtualMachine",
  IP_RULE_UNMATCHED: "VirtualMachine",
  MAPPING_MISSING: "VirtualMachine",
  MEMORY_SHORT: "ResourcePool",
  MISSING_AT_SOURCE: "VirtualMachine",
  NO_RECOVERY_POINT: "ProtectionGroup",
  RPO_VIOLATION: "ProtectionGroup",
  SCRIPT_MISSING: "Program",
  SECRET_MISSING: "Secret",
  VM_NOT_CONFIGURED: "VirtualMachine",
};

/** Objects by type and name, as they are unique in the plan or at its recovery site. */
export type Objects = ReadonlyMap<string, FindingObject>;

export function objectsOf(
  { resolved }: Pick<Looked, "resolved">,
  { notConfigured }: Pick<ReadinessFacts, "notConfigured">,
  places: readonly PlaceRow[],
): Objects {
  const groups = (resolved?.groups ?? []).map(({ id, name }): FindingObject => ({ type: "ProtectionGroup", id, name }));
  const vms = [...(resolved?.vms ?? []), ...notConfigured].map(({ id, name }): FindingObject => ({ type: "VirtualMachine", id, name }));
  return new Map([...groups, ...vms, ...places].map((object) => [`${object.type} ${object.name}`, object]));
}

/** Names of places at the recovery site that the previews speak of. */
export const placesNamed = (previews: readonly Looked[]): string[] => [
  ...new Set(
    previews.flatMap(({ blockers, warnings }) =>
      [...blockers, ...warnings].flatMap((one) => (isPlace(typeIn(one)) && one.object !== null ? one.object : [])),
    ),
  ),
];

type Finding = Preview["blockers"][number];

const isPlace = (type: ObjectType | undefined): boolean =>
  type === "Network" || type === "Folder" || type === "ResourcePool" || type === "Datastore";

function typeIn({ code, place }: Finding): ObjectType | undefined {
  if (place !== undefined) return placeTypes[place];
  return isReadinessCode(code) ? typeOf[code] : undefined;
}

/** A blocker of a disaster recovery is a BLOCKER; what only an orderly move or a test would meet is a WARNING. */
export function fromPreviews(plan: FindingObject, previews: readonly Looked[], objects: Objects): Found[] {
  return previews.flatMap(({ recoveryType, blockers, warnings }) => {
    const found = (severity: Found["severity"]) => (finding: Finding) => foundOf(plan, finding, { severity, recoveryType, objects });
    return [...blockers.flatMap(found(recoveryType === "DISASTER" ? "BLOCKER" : "WARNING")), ...warnings.flatMap(found("WARNING"))];
  });
}

interface Where {
  readonly severity: Found["severity"];
  readonly recoveryType: RecoveryType;
  readonly objects: Objects;
}

function foundOf(plan: FindingObject, finding: Finding, { severity, recoveryType, objects }: Where): Found[] {
  const { code, object, message, remedy } = finding;
  if (toldElsewhere.has(code)) return [];
  const common = { severity, recoveryTypes: [recoveryType], message, remedy };
  if (code === "SERVICE_UNAVAILABLE")
    return [{ ...common, code: "SITE_NOT_ANSWERING", object: plan, remedy: rules.SITE_NOT_ANSWERING.remedy }];
  const type = typeIn(finding);
  const known = object === null || type === undefined ? plan : (objects.get(`${type} ${object}`) ?? { type, id: null, name: object });
  // A preview says how to start without one; here it is about having one.
  if (code === "NO_RECOVERY_POINT") return [{ ...common, code, object: known, remedy: rules[code].remedy }];
  return [{ ...common, code: isReadinessCode(code) ? code : "OTHER", object: known }];
}
