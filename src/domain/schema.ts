/** Loads every room's types and fields, and builds the schema. */
import { lexicographicSortSchema, printSchema } from "graphql";
import { builder } from "./builder.ts";
import "./scalars.ts";
import "./error-types.ts";
import "./access/schema.ts";
import "./access/types-user.ts";
import "./access/mutations-users.ts";
import "./sites/types.ts";
import "./sites/types-summary.ts";
import "./sites/queries.ts";
import "./inventory/types.ts";
import "./inventory/types-mappings.ts";
import "./inventory/types-vm.ts";
import "./inventory/types-vm-operations.ts";
import "./inventory/types-vm-places.ts";
import "./inventory/types-vm-settings.ts";
import "./inventory/queries.ts";
import "./inventory/queries-vm.ts";
import "./protection/types.ts";
import "./protection/types-operations.ts";
import "./protection/mutations.ts";
import "./protection/queries.ts";
import "./plans/types.ts";
import "./plans/types-steps.ts";
import "./plans/types-operations.ts";
import "./plans/types-runs.ts";
import "./plans/queries.ts";
import "./recoveries/types-recovery.ts";
import "./recoveries/types-results.ts";
import "./recoveries/types-step.ts";
import "./recoveries/types-step-tree.ts";
import "./recoveries/types-operations.ts";
import "./recoveries/types-prompt.ts";
import "./recoveries/types-events.ts";
import "./recoveries/queries.ts";
import "./recoveries/subscriptions.ts";
import "./recoveries/mutations.ts";
import "./tasks/types.ts";
import "./tasks/queries.ts";
import "./events/types-changes.ts";
import "./events/queries.ts";
import "./events/subscriptions.ts";

export const schema = builder.toSchema({});

/** The text of schema.graphql. */
export const schemaText = (): string => `${printSchema(lexicographicSortSchema(schema))}\n`;
