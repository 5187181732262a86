/** What other rooms refer to. */
import type { RpoViolation } from "../../database/generated/client.ts";
import { builder } from "../builder.ts";

export const RpoViolationRef = builder.objectRef<Readonly<RpoViolation>>("RpoViolation");
