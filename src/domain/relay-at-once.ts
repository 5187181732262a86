/**
 * What the relay plugin takes a long way to, on each row of long lists: it makes a promise of each global id, and a page's nodes by way of its
 * edges, which few ask for.
 */
import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from "@pothos/core";
import type { GraphQLFieldResolver } from "graphql";
import { encodeId } from "./ids.ts";

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      relayAtOnce: RelayAtOncePlugin<Types>;
    }
  }
}

/** What `builder.node` was given as `id.resolve`; null: it is the type of no node. */
function idOf(pothosOptions: object): ((row: unknown) => unknown) | null {
  const id: unknown = Reflect.get(pothosOptions, "id");
  if (typeof id !== "object" || id === null || !("resolve" in id) || typeof id.resolve !== "function") return null;
  const { resolve } = id;
  return (row) => resolve(row);
}

const hasNodes = (page: unknown): page is { readonly nodes: readonly unknown[] } =>
  typeof page === "object" && page !== null && "nodes" in page && Array.isArray(page.nodes);

class RelayAtOncePlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types["Context"], object>,
    field: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    const { name, pothosOptions } = this.buildCache.getTypeConfig(field.parentType);
    if (field.name === "nodes" && name.endsWith("Connection"))
      return (page, ...rest) => (hasNodes(page) ? page.nodes : resolve(page, ...rest));
    const own = field.name === "id" ? idOf(pothosOptions) : null;
    return own === null ? resolve : (row) => encodeId(name, String(own(row)));
  }
}

SchemaBuilder.registerPlugin("relayAtOnce", RelayAtOncePlugin);
