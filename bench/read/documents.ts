/** What is asked, of everybody the same: lists by `nodes`, four plain fields on each level, so that nobody pays for the product's global ids. */

const fields = (ids: string) => `
  ${ids}name description lifecycle rtoTargetSeconds
  protectionGroups(first: 50) { nodes {
    ${ids}name state replicationType rpoMinutes
    vms(first: 100) { nodes { ${ids}name powerState cpuCount memoryMb } }
  } }`;

export const keys = ["a", "b", "c", "d", "e"] as const;

export const documents = {
  Plan: `query Plan($id: ID!) { recoveryPlan(id: $id) { ${fields("")} } }`,
  PlanWithIds: `query PlanWithIds($id: ID!) { recoveryPlan(id: $id) { ${fields("id ")} } }`,
  FivePlans: `query FivePlans(${keys.map((key) => `$${key}: ID!`).join(", ")}) {
    ${keys.map((key) => `${key}: recoveryPlan(id: $${key}) { ...plan }`).join("\n    ")}
  }
  fragment plan on RecoveryPlan { ${fields("")} }`,
  Vms: `query Vms($first: Int!, $after: String) {
    vms(first: $first, after: $after) { edges { cursor node { name powerState cpuCount memoryMb } } pageInfo { hasNextPage endCursor } }
  }`,
  Steps: `query Steps($id: ID!, $first: Int!) { recovery(id: $id) { planName state allSteps(first: $first) { nodes { number name kind status } } } }`,
  PlanList: `query PlanList($first: Int!) {
    recoveryPlans(first: $first) { totalCount nodes {
      id name state readiness vmCount protectionGroupCount lastTestTime lastTestResult fault { message } recoverySite { name }
    } }
  }`,
} as const;

export type OperationName = keyof typeof documents;

/** PostGraphile names its own fields and arguments; the answer's shape is the same. */
export const forPostgraphile = (document: string): string =>
  document
    .replaceAll(/\$(\w+): ID!/g, "$$$1: UUID!")
    .replaceAll(
      /(\w+: )?recoveryPlan\(id: (\$\w+)\)/g,
      (_, alias: string | undefined, id: string) => `${alias ?? "recoveryPlan: "}recoveryPlanByRowId(rowId: ${id})`,
    )
    .replaceAll("protectionGroups(first: 50)", "protectionGroups(first: 50, orderBy: NAME_ASC)")
    .replaceAll("vms(first: 100)", "vms(first: 100, orderBy: NAME_ASC)");
