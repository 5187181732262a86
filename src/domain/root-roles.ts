/**
 * Every root field says who may use it, in its `authScopes`: `{ anybody: true }`, `{ role }`, or, where one of several will do,
 * `{ anyRole: [ … ] }`. A field that does not makes no schema; the others say it in their description.
 */
import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from "@pothos/core";
import { type Role, roles } from "./viewer.ts";

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

class RootRolesPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    if (!rootKinds.has(field.parentType)) return field;
    const declared = declaredRoles(Reflect.get(field.pothosOptions, "authScopes"));
    if (declared === null) throw new Error(`${field.parentType}.${field.name} does not declare the role that it needs.`);
    const { anyOf } = declared;
    const needs = anyOf.length === 0 ? "Needs no session." : `Needs the role ${anyOf.join(" or ")}.`;
    return { ...field, description: `${field.description ?? ""}\n\n${needs}`, extensions: { ...field.extensions, roles: anyOf } };
  }
}

SchemaBuilder.registerPlugin("rootRoles", RootRolesPlugin);
