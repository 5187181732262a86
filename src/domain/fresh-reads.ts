/** Mutations of one request run one after the other: what one has read is read anew behind the next, or its payload would show what was. */
import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from "@pothos/core";
import type { GraphQLFieldResolver } from "graphql";

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      freshReads: FreshReadsPlugin<Types>;
    }
  }
}

const canReadAnew = (context: unknown): context is { readAnew(): void } =>
  typeof context === "object" && context !== null && "readAnew" in context && typeof context.readAnew === "function";

class FreshReadsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types["Context"], object>,
    field: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    if (field.parentType !== "Mutation") return resolve;
    return (root, args, context, info) => {
      if (canReadAnew(context)) context.readAnew();
      return resolve(root, args, context, info);
    };
  }
}

SchemaBuilder.registerPlugin("freshReads", FreshReadsPlugin);
