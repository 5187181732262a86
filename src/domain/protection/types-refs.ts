/** What other rooms refer to. */
import type { ProtectionGroup, RecoveryPoint } from "../../database/generated/client.ts";
import { builder } from "../builder.ts";

export type GroupRow = Omit<ProtectionGroup, "externalId">;
export type PointRow = RecoveryPoint;

export const ProtectionGroupRef = builder.objectRef<Readonly<GroupRow>>("ProtectionGroup");
export const RecoveryPointRef = builder.objectRef<Readonly<PointRow>>("RecoveryPoint");
