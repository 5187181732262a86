/**
 * Arguments of subscriptions that say where a stream begins, and nothing else: subscribers that differ in them alone get the same deliveries
 * once they have come to the same place. What resolves a delivery is not given them, so that it can't depend on them.
 */
import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from "@pothos/core";
import type { GraphQLFieldResolver } from "graphql";

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      streamStarts: StreamStartsPlugin<Types>;
    }
  }
}

declare module "graphql" {
  interface GraphQLArgumentExtensions {
    startsStream?: true;
  }
}

/** As `extensions` of such an argument. */
export const startsStream = { startsStream: true } as const;

class StreamStartsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types["Context"], object>,
    field: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    const starts = Object.entries(field.args).flatMap(([name, { extensions }]) => (extensions?.startsStream === true ? [name] : []));
    if (starts.length === 0) return resolve;
    if (field.parentType !== "Subscription") throw new Error(`${field.parentType}.${field.name} starts no stream`);
    return (event, args, context, info) =>
      resolve(event, Object.fromEntries(Object.entries(args).filter(([name]) => !starts.includes(name))), context, info);
  }
}

SchemaBuilder.registerPlugin("streamStarts", StreamStartsPlugin);
