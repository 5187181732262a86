/** Makes the tree: ordinals in depth-first order as steps are added, paths, unique keys, expected durations. */
import { expectedSeconds } from "../durations.ts";
import type { ContainerKind, ContainerNode, LeafKind, Phase, StepNode, StepSpecs } from "../model.ts";

/** A kind of leaf with what it needs. */
export type LeafContent = { [K in LeafKind]: { readonly kind: K; readonly spec: StepSpecs[K] } }[LeafKind];

type Draft<T> = T extends unknown ? { -readonly [P in keyof T]: T[P] } : never;
/** A step while its tree is made: edges to steps that come later are added afterwards. */
export type DraftNode = Draft<StepNode>;

/** What a step is about, beside its kind; what is left out is null or empty. */
export interface StepDetails {
  /** Told from other steps of its kind: ids of group, VM, plan step. */
  readonly of?: readonly (string | number)[];
  readonly name: string;
  readonly phase?: Phase;
  readonly siteId?: string;
  readonly groupId?: string | null;
  readonly vmId?: string;
  readonly planStepId?: string;
  readonly after?: readonly number[];
  readonly needs?: readonly number[];
  readonly afterGates?: readonly number[];
  readonly skipReason?: string | null;
  readonly warnReason?: string | null;
}

export interface Tree {
  readonly nodes: readonly DraftNode[];
  /** The step becomes the last child of `parent`, whose own last descendant has to be the newest step. */
  leaf(parent: number | null, content: LeafContent, details: StepDetails): number;
  container(parent: number | null, kind: ContainerKind, details: StepDetails): number;
  node(ordinal: number): DraftNode;
  newGate(): number;
}

export function createTree(pastSeconds: Readonly<Record<string, number>>): Tree {
  const nodes: DraftNode[] = [];
  const children = new Map<number | null, number>();
  const keys = new Map<string, number>();
  let gates = 0;

  function base(parent: number | null, kind: string, details: StepDetails): Omit<ContainerNode, "kind" | "spec"> {
    const position = (children.get(parent) ?? 0) + 1;
    children.set(parent, position);
    return {
      ordinal: nodes.length + 1,
      parent,
      path: parent === null ? `${position}` : `${node(parent).path}.${position}`,
      key: unique(keys, [kind, ...(details.of ?? [])].join(":")),
      name: details.name,
      phase: details.phase ?? null,
      siteId: details.siteId ?? null,
      groupId: details.groupId ?? null,
      vmId: details.vmId ?? null,
      planStepId: details.planStepId ?? null,
      after: details.after ?? [],
      needs: details.needs ?? [],
      afterGates: details.afterGates ?? [],
      opensGate: null,
      expectedSeconds: 0,
      onCriticalPath: false,
      skipReason: details.skipReason ?? null,
      warnReason: details.warnReason ?? null,
    };
  }

  function node(ordinal: number): DraftNode {
    const found = nodes[ordinal - 1];
    if (!found) throw new RangeError(`there is no step ${ordinal}`);
    return found;
  }

  return {
    nodes,
    node,
    newGate: () => ++gates,
    leaf(parent, content, details) {
      const common = base(parent, content.kind, details);
      const seconds = common.skipReason === null && common.warnReason === null ? expectedSeconds(content, common.key, pastSeconds) : 0;
      return nodes.push({ ...common, ...content, expectedSeconds: seconds });
    },
    container: (parent, kind, details) => nodes.push({ ...base(parent, kind, details), kind, spec: {} }),
  };
}

/** A second step of the same key (such as two left-over snapshots of one group) gets a number behind it. */
function unique(keys: Map<string, number>, key: string): string {
  const count = (keys.get(key) ?? 0) + 1;
  keys.set(key, count);
  return count === 1 ? key : unique(keys, `${key}#${count}`);
}
