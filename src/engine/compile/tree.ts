/** Makes the tree: ordinals in depth-first order as steps are added, paths, unique keys, expected durations. */
import { expectedSeconds } from "../durations.ts";
import { type ContainerKind, isContainerKind, type LeafKind, type Phase, type StepNode, type StepSpecs } from "../model.ts";

/** A kind of leaf with what it needs. */
export type LeafContent = { [K in LeafKind]: { readonly kind: K; readonly spec: StepSpecs[K] } }[LeafKind];

type Draft<T> = T extends unknown ? { -readonly [P in keyof T]: T[P] } : never;
/** A step while its tree is made: edges to steps that come later are added afterwards. */
export type DraftNode = Draft<StepNode>;
/** What has all of a step's fields, and kind and spec not yet as those of one content. */
type AnyNode = Omit<DraftNode, "kind" | "spec"> & { readonly kind: string; readonly spec: object };

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
  const keys = new Set<string>();
  let gates = 0;

  /** One object, made in one go: a large run has a hundred thousand of them. */
  function add(parent: number | null, content: LeafContent | ContainerContent, details: StepDetails): number {
    const position = (children.get(parent) ?? 0) + 1;
    children.set(parent, position);
    const key = unique(keys, keyOf(content.kind, details.of ?? none));
    const { skipReason = null, warnReason = null } = details;
    const isToBeDone = skipReason === null && warnReason === null && !isContainerContent(content);
    const made: AnyNode = {
      ordinal: nodes.length + 1,
      parent,
      path: parent === null ? `${position}` : `${node(parent).path}.${position}`,
      key,
      name: details.name,
      phase: details.phase ?? null,
      siteId: details.siteId ?? null,
      groupId: details.groupId ?? null,
      vmId: details.vmId ?? null,
      planStepId: details.planStepId ?? null,
      after: details.after ?? none,
      needs: details.needs ?? none,
      afterGates: details.afterGates ?? none,
      opensGate: null,
      expectedSeconds: isToBeDone ? expectedSeconds(content, Object.hasOwn(pastSeconds, key) ? pastSeconds[key] : undefined) : 0,
      onCriticalPath: false,
      skipReason,
      warnReason,
      kind: content.kind,
      spec: content.spec,
    };
    return nodes.push(Object.assign(made, content)); // not a cast: it tells the compiler that kind and spec are of one content
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
    leaf: add,
    container: (parent, kind, details) => add(parent, { kind, spec: nothing }, details),
  };
}

interface ContainerContent {
  readonly kind: ContainerKind;
  readonly spec: Record<string, never>;
}

const isContainerContent = (content: LeafContent | ContainerContent): content is ContainerContent => isContainerKind(content.kind);

/** Shared by all that have none. */
const none: readonly never[] = Object.freeze([]);
const nothing: Record<string, never> = Object.freeze({});

function keyOf(kind: string, of: readonly (string | number)[]): string {
  let key = kind;
  for (const part of of) key += `:${part}`;
  return key;
}

/** A second step of the same key (such as two left-over snapshots of one group) gets a number behind it. */
function unique(keys: Set<string>, key: string): string {
  let found = key;
  for (let count = 2; keys.has(found); count++) found = `${key}#${count}`;
  keys.add(found);
  return found;
}
