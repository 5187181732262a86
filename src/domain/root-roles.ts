/**
 * Every root field says who may use it, in its `authScopes`: `{ anybody: true }`, `{ role }`, or, where one of several will do,
 * `{ anyRole: [ … ] }`. A field that does not makes no schema; the others say it in their description. Of a subscription it is asked again
 * at each event, since roles are taken away while it is open.
 */
import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from "@pothos/core";
import type { GraphQLFieldResolver, GraphQLResolveInfo } from "graphql";
import { type Caller, notSignedIn } from "./access/caller.ts";
import { type DomainError, ForbiddenError } from "./errors.ts";
import { holds, type Role, roles } from "./viewer.ts";

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      rootRoles: RootRolesPlugin<Types>;
    }
  }
}

const rootKinds: ReadonlySet<string> = new Set(["Query", "Mutation", "Subscription"]);

export interface RootRoles {
  /** Empty: anybody, without a session. */
  readonly anyOf: readonly Role[];
}

/** What a root field declares; null: nothing that can be read. */
export function declaredRoles(authScopes: unknown): RootRoles | null {
  if (typeof authScopes !== "object" || authScopes === null) return null;
  const { anybody, role, anyRole }: { anybody?: unknown; role?: unknown; anyRole?: unknown } = authScopes;
  if (anybody === true) return { anyOf: [] };
  const named = Array.isArray(anyRole) ? anyRole : [role];
  const anyOf = roles.filter((known) => named.includes(known));
  return anyOf.length > 0 && anyOf.length === named.length ? { anyOf } : null;
}

/** The role that a root field asks for, or its alternatives. */
export function neededRoles({ parentType, fieldName }: Pick<GraphQLResolveInfo, "parentType" | "fieldName">): OneOf {
  const declared: unknown = parentType.getFields()[fieldName]?.extensions.roles;
  const [first, ...others] = roles.filter((role) => Array.isArray(declared) && declared.includes(role));
  if (first === undefined) throw new Error(`${parentType.name}.${fieldName} is no root field that needs a role`);
  return [first, ...others];
}

/** A role, or several of which one will do. */
export type OneOf = readonly [Role, ...Role[]];

type Asks = Pick<Caller, "viewer" | "refusal">;

/** What somebody is told who may not use a root field: to sign in, or the role that it needs. */
export const refusedFor = ({ viewer, refusal }: Asks, needed: OneOf): DomainError =>
  viewer === null ? (refusal ?? notSignedIn()) : new ForbiddenError(...needed);

class RootRolesPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    if (!rootKinds.has(field.parentType)) return field;
    const declared = declaredRoles(Reflect.get(field.pothosOptions, "authScopes"));
    if (declared === null) throw new Error(`${field.parentType}.${field.name} does not declare the role that it needs.`);
    const { anyOf } = declared;
    const needs = anyOf.length === 0 ? "Needs no session." : `Needs the role ${anyOf.join(" or ")}.`;
    return { ...field, description: `${field.description ?? ""}\n\n${needs}`, extensions: { ...field.extensions, roles: anyOf } };
  }

  /** Scope-auth guards the opening of a subscription alone (`authorizeOnSubscribe`). */
  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types["Context"], object>,
    field: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    if (field.parentType !== "Subscription") return resolve;
    const anyOf = declaredRoles(Reflect.get(field.pothosOptions, "authScopes"))?.anyOf ?? [];
    return (event, args, context, info) => {
      requireOneOf(anyOf, context, info);
      return resolve(event, args, context, info);
    };
  }
}

const isCaller = (context: unknown): context is Asks =>
  typeof context === "object" && context !== null && "viewer" in context && "refusal" in context;

/** Throws what scope-auth would throw now. */
function requireOneOf(anyOf: readonly Role[], context: unknown, info: GraphQLResolveInfo): void {
  if (!isCaller(context)) throw new Error("A subscription without the gateway's context can't be guarded");
  const { viewer } = context;
  if (anyOf.length === 0) return;
  if (viewer === null || !anyOf.some((role) => holds(viewer, role))) throw refusedFor(context, neededRoles(info));
}

SchemaBuilder.registerPlugin("rootRoles", RootRolesPlugin);
