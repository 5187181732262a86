import { GraphQLError } from "graphql";
import { DateTimeISOResolver } from "graphql-scalars";
import { builder } from "./builder.ts";

builder.addScalarType("DateTime", DateTimeISOResolver, {
  description: 'A moment in UTC with milliseconds, by the database\'s clock: "2026-01-15T14:30:00.000Z".',
});

builder.scalarType("ByteCount", {
  description: "A number of bytes: a JSON number up to 2^53, since capacities exceed Int.",
  serialize: (value) => bytes(value),
  parseValue: (value) => bytes(value),
});

function bytes(value: unknown): number {
  const count = typeof value === "bigint" ? Number(value) : value;
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0) return count;
  throw new GraphQLError("A ByteCount is a whole number from 0 to 2^53.");
}
