/** A dashboard's model: what one query showed, and what was read again since, because an event named it. */
import { type Delivery, follow } from "../../../client/follow.ts";
import type { RealGateway } from "../../support/real-gateway.ts";

const allowed = "allowedOperations { operation allowed code }";
const faults = "faults { code message }";

/** Everything that is shown of each kind of thing; references by id. */
const shown = {
  RecoveryPlan: `name description version lifecycle state peerState ${faults} ${allowed} vmCount protectionGroupCount lastTestTime lastTestResult
    defaultVmPriority rtoTargetSeconds pairing { id } priorityGroups { id name priority vmCount protectionGroups { nodes { id } }
      prePowerOnSteps { name } postPowerOnSteps { name } }
    activeRecovery { id } latestRecovery { id state resultState endTime }`,
  ProtectionGroup: `name description version type state peerState protectionState ${faults} ${allowed} rpoMinutes lastTestTime vmCount
    recoveryPlanCount protectedSite { id } recoverySite { id } usedBy { id } recoveryPlans { id } vms(first: 500) { nodes { id } }
    storageGroups { __typename } datastores { id }`,
  VirtualMachine: `name powerState missingSince protectionState replicationState needsConfiguration configurationReasons { code message }
    ${faults} ${allowed} placeholder { vmId } protectionGroup { id } site { id } dependsOnVms { id } networkMappings { sourceNetwork { id } targetNetwork { id } }`,
  Task: `name type state progressPercent currentStep startTime endTime errors warnings { code message } ${allowed}
    steps { stepNumber name state progressPercent durationSeconds } target { ... on Node { id } }`,
  Site: "name type state stateReason provider vcenterServer datacenter pairings { id }",
  SitePairing: `pairingState connectionState replicationHealth localSite { id } remoteSite { id }
    networkMappings { id sourceNetwork { id } targetNetwork { id } } folderMappings { id sourceFolder { id } targetFolder { id } }`,
} as const;

type Kind = keyof typeof shown;
const isKind = (type: string): type is Kind => type in shown;
const fields = (type: Kind) => `__typename id ${shown[type]}`;
const page = "(first: 500)";
const initial = `{ eventCursor
  recoveryPlans${page} { nodes { ${fields("RecoveryPlan")} } } protectionGroups${page} { nodes { ${fields("ProtectionGroup")} } }
  vms${page} { nodes { ${fields("VirtualMachine")} } } tasks${page} { nodes { ${fields("Task")} } }
  sites${page} { nodes { ${fields("Site")} pairings { ${fields("SitePairing")} } } } }`;
const again = (type: Kind) => `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on ${type} { ${fields(type)} } } }`;
const subscription = `subscription ($after: String) { events(after: $after) { cursor events { kind change subjectId subjectType name } } }`;

/** An object as it is shown: JSON, which tests look into. */
export type Shown = ReturnType<JSON["parse"]>;
export type Model = Map<string, Shown>;

interface Event {
  readonly kind: string;
  readonly change: string;
  readonly subjectId: string;
  readonly subjectType: string;
  readonly name: string | null;
}

export interface Dashboard {
  readonly model: Model;
  /** Number of events, and of objects that were read again for them. */
  readonly counts: { events: number; reads: number };
  /** Resolves once an event of this name has been taken in. */
  seen(name: string): Promise<void>;
  close(): Promise<void>;
}

export type Ask = (query: string, variables?: object) => Promise<Shown>;

/** All there is, by id, and where the events go on behind it. */
export async function whole(ask: Ask): Promise<{ model: Model; cursor: string }> {
  const { eventCursor, ...lists } = await ask(initial);
  const model: Model = new Map();
  const add = (object: Shown) => model.set(object.id, object);
  for (const { nodes } of Object.values<Shown>(lists)) {
    for (const { pairings, ...object } of nodes) {
      for (const pairing of pairings ?? []) add(pairing);
      add(pairings === undefined ? object : { ...object, pairings: pairings.map(({ id }: Shown) => ({ id })) });
    }
  }
  return { model, cursor: eventCursor };
}

/** The first query, and then events only. */
export async function openDashboard(gateway: Pick<RealGateway, "url">, token: string, ask: Ask): Promise<Dashboard> {
  const { model, cursor } = await whole(ask);
  const counts = { events: 0, reads: 0 };
  const stop = new AbortController();
  const waiting = new Map<string, () => void>();
  let work = Promise.resolve();

  /** What the descriptions say: a VM follows its group and its pairing in what it may do and where it goes, and what shows a deleted thing shows it no more. */
  const dependents = ({ kind, subjectId, change }: Event): Shown[] => {
    if (change === "DELETED") return [...model.values()].filter((object) => JSON.stringify(object).includes(subjectId));
    const vms = [...model.values()].filter(({ __typename }) => __typename === "VirtualMachine");
    if (kind === "PAIRING_CHANGED") return vms;
    return kind === "PROTECTION_GROUP_CHANGED" ? vms.filter(({ protectionGroup }) => protectionGroup?.id === subjectId) : [];
  };
  const readAgain = async (type: Kind, ids: readonly string[]) => {
    for (let at = 0; at < ids.length; at += 100) {
      const some = ids.slice(at, at + 100);
      const { nodes } = await ask(again(type), { ids: some });
      for (const [index, id] of some.entries()) nodes[index] === null ? model.delete(id) : model.set(id, nodes[index]);
    }
    counts.reads += ids.length;
  };
  const take = async (events: readonly Event[]) => {
    counts.events += events.length;
    const ids = new Map<Kind, Set<string>>();
    const note = (type: Kind, id: string) => ids.set(type, (ids.get(type) ?? new Set()).add(id));
    for (const event of events) {
      if (isKind(event.subjectType)) note(event.subjectType, event.subjectId);
      for (const { __typename, id } of dependents(event)) note(__typename, id);
    }
    for (const [type, some] of ids) await readAgain(type, [...some]);
    for (const { name } of events) waiting.get(name ?? "")?.();
  };

  const over = follow<Delivery & { readonly events: readonly Event[] }>({
    url: gateway.url.replace("http", "ws"),
    query: subscription,
    after: cursor,
    token,
    signal: stop.signal,
    onBatch: ({ events }) => {
      work = work.then(() => take(events));
    },
  });
  return {
    model,
    counts,
    async seen(name) {
      await new Promise<void>((resolve, reject) => {
        waiting.set(name, resolve);
        over.catch(reject);
      });
      await work;
    },
    async close() {
      stop.abort();
      await over;
      await work;
    },
  };
}
