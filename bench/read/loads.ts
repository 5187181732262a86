/** The loads: what is asked, of whom, over how many connections. */
import type { Data } from "../data/fill.ts";
import type { LoadTarget } from "../support/load.ts";
import { type Contender, type ContenderName, peerNames } from "./contenders.ts";
import { cursorOf } from "./cursor.ts";
import { documents, keys, type OperationName } from "./documents.ts";

export interface ReadData extends Data {
  /** A run with many steps. */
  readonly runId: string;
  /** Places all over the list of VMs by name. */
  readonly places: readonly { readonly name: string; readonly id: string }[];
}

type Variables = Readonly<Record<string, string | number | null>>;
type IdOf = Contender["idOf"];

export interface ReadLoad {
  readonly name: LoadName;
  readonly operation: OperationName;
  readonly connections: number;
  readonly who: readonly ContenderName[];
  /** The variables of every request that may be made. */
  readonly variables: (data: ReadData, idOf: IdOf) => readonly Variables[];
  readonly rounds: number;
}

export type LoadName =
  | "one plan"
  | "five plans"
  | "everybody on one plan"
  | "one connection"
  | "one plan with ids"
  | "VMs by edges"
  | "a run of 5,000 steps"
  | "plan list";

const everybody: readonly ContenderName[] = ["dr-gateway", ...peerNames];
const fast: readonly ContenderName[] = ["dr-gateway", "limit", "mercurius"];

const anyPlan = ({ planIds }: ReadData, idOf: IdOf) => planIds.map((id) => ({ id: idOf("RecoveryPlan", id) }));

/** Five plans that are far from each other. */
const anyFive = ({ planIds }: ReadData, idOf: IdOf): Variables[] =>
  planIds.map((_, at) =>
    Object.fromEntries(keys.map((key, nth) => [key, idOf("RecoveryPlan", planIds[(at + nth * 397) % planIds.length] ?? "")])),
  );

export const loads: readonly ReadLoad[] = [
  { name: "one plan", operation: "Plan", connections: 20, who: everybody, variables: anyPlan, rounds: 15 },
  { name: "five plans", operation: "FivePlans", connections: 20, who: [...fast, "postgraphile", "apollo"], variables: anyFive, rounds: 15 },
  {
    name: "everybody on one plan",
    operation: "Plan",
    connections: 20,
    who: fast,
    variables: (data, idOf) => anyPlan(data, idOf).slice(0, 1),
    rounds: 15,
  },
  { name: "one connection", operation: "Plan", connections: 1, who: fast, variables: anyPlan, rounds: 15 },
  { name: "one plan with ids", operation: "PlanWithIds", connections: 20, who: fast, variables: anyPlan, rounds: 5 },
  {
    name: "VMs by edges",
    operation: "Vms",
    connections: 20,
    who: fast,
    variables: ({ places }) => [{ first: 500, after: null }, ...places.map(({ name, id }) => ({ first: 500, after: cursorOf(name, id) }))],
    rounds: 5,
  },
  {
    name: "a run of 5,000 steps",
    operation: "Steps",
    connections: 20,
    who: fast,
    variables: ({ runId }, idOf) => [{ id: idOf("Recovery", runId), first: 500 }],
    rounds: 5,
  },
  { name: "plan list", operation: "PlanList", connections: 20, who: ["dr-gateway"], variables: () => [{ first: 25 }], rounds: 5 },
];

/** What a contender is asked in this load. */
export function targetOf({ operation, variables }: ReadLoad, contender: Contender, data: ReadData): LoadTarget {
  const query = contender.documentOf(documents[operation]);
  const bodies = variables(data, contender.idOf).map((values) => JSON.stringify({ query, operationName: operation, variables: values }));
  return { url: contender.url, headers: contender.headers, bodies };
}
