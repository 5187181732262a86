/** Where a notification leads: the gateway's own GraphiQL, with a query that shows its subject as it is now. */
import { encodeId, type NodeType } from "../ids.ts";
import type { Subject } from "./content.ts";

/** What is worth a look; a test validates each against the schema. */
const selections: Readonly<Partial<Record<NodeType, string>>> = {
  Prompt:
    "... on Prompt { message open dueAt answer answeredBy recovery { id plan { id name } state currentStep allowedOperations { operation allowed reason } } }",
  Recovery: "... on Recovery { kind state resultState errors vmsSucceeded vmsFailed plan { id name state } }",
  Task: "... on Task { name state errors }",
  VirtualMachine: "... on VirtualMachine { name replicationInfo { lagSeconds lastSyncTime } }",
  Site: "... on Site { name state stateReason stateSince lastHeartbeatAt }",
  RecoveryPlan: "... on RecoveryPlan { name state faults { code message remedy } }",
};

export const queryOf = ({ type, id }: Pick<Subject, "type" | "id">): string =>
  `{ node(id: "${encodeId(type, id)}") { id ${selections[type] ?? "__typename"} } }`;

export const linkTo = (publicUrl: string | null, subject: Pick<Subject, "type" | "id">): string | null =>
  publicUrl === null ? null : `${publicUrl}/graphql?query=${encodeURIComponent(queryOf(subject))}`;
