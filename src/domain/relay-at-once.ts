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

declare module "graphql" {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> {
    /** Of a global id: the row's properties that it is made of, with "/" between them. */
    idOf?: readonly string[];
    /** Which part of an edge it is. */
    ofEdge?: "cursor" | "node";
  }
}

/** What `builder.node` was given as `id.resolve`; null: it is the type of no node. */
function idOf(pothosOptions: object): ((row: unknown) => unknown) | null {
  const id: unknown = Reflect.get(pothosOptions, "id");
  if (typeof id !== "object" || id === null || !("resolve" in id) || typeof id.resolve !== "function") return null;
  const { resolve } = id;
  return (row) => resolve(row);
}

/** Null: it is none of our pages. */
function nodesOf(page: unknown): object | null {
  if (typeof page !== "object" || page === null) return null;
  if ("listed" in page && typeof page.listed === "object") return page.listed;
  return "nodes" in page && Array.isArray(page.nodes) ? page.nodes : null;
}

/** Null: they are objects already. */
const edgesOf = (page: unknown): unknown => (typeof page === "object" && page !== null && "listedEdges" in page ? page.listedEdges : null);

class RelayAtOncePlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const { name } = this.buildCache.getTypeConfig(field.parentType);
    if (name.endsWith("Edge") && (field.name === "cursor" || field.name === "node"))
      return { ...field, extensions: { ...field.extensions, ofEdge: field.name } };
    if (field.name !== "id" || !this.#idOf(field)) return field;
    return { ...field, extensions: { ...field.extensions, idOf: field.pothosOptions.reads ?? ["id"] } };
  }

  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types["Context"], object>,
    field: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    const { name } = this.buildCache.getTypeConfig(field.parentType);
    if (field.name === "nodes" && name.endsWith("Connection")) return (page, ...rest) => nodesOf(page) ?? resolve(page, ...rest);
    if (field.name === "edges" && name.endsWith("Connection")) return (page, ...rest) => edgesOf(page) ?? resolve(page, ...rest);
    const own = this.#idOf(field);
    return own === null ? resolve : (row) => encodeId(name, String(own(row)));
  }

  #idOf({ name, parentType }: PothosOutputFieldConfig<Types>) {
    return name === "id" ? idOf(this.buildCache.getTypeConfig(parentType).pothosOptions) : null;
  }
}

SchemaBuilder.registerPlugin("relayAtOnce", RelayAtOncePlugin);
