/** Loads every room's types and fields, and builds the schema. */
import { lexicographicSortSchema, printSchema } from "graphql";
import { builder } from "./builder.ts";
import "./scalars.ts";
import "./error-types.ts";

export const schema = builder.toSchema({});

/** The text of schema.graphql. */
export const schemaText = (): string => `${printSchema(lexicographicSortSchema(schema))}\n`;
