/** Wraps every mutation in its audit record, also where it is refused for a missing role. */
import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from "@pothos/core";
import type { GraphQLFieldResolver } from "graphql";
import type { Context } from "../context.ts";
import { DomainError } from "../errors.ts";
import { decodeId, encodeId } from "../ids.ts";
import type { AuditOutcome, AuditTarget } from "./audit.ts";

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      audit: AuditPlugin<Types>;
    }
  }
}

/** The first id in the input that is one: mutations name what they work on first. */
function targetOf(input: unknown): AuditTarget | null {
  if (typeof input !== "object" || input === null) return null;
  for (const [name, value] of Object.entries(input)) {
    if (typeof value !== "string" || !/(^i|I)d$/.test(name)) continue;
    try {
      const { typename, id } = decodeId(value);
      return { type: typename, id: encodeId(typename, id) };
    } catch {
      // no id: the mutation itself will say so
    }
  }
  return null;
}

/** Payloads carry database ids under names such as `planId`; their first one is what was made. */
const made: Readonly<Record<string, string>> = {
  planId: "RecoveryPlan",
  groupId: "ProtectionGroup",
  recoveryId: "Recovery",
  siteId: "Site",
  pairingId: "SitePairing",
  networkMappingId: "NetworkMapping",
  folderMappingId: "FolderMapping",
  resourceMappingId: "ResourceMapping",
  vmId: "VirtualMachine",
  drillId: "Drill",
  userId: "User",
  webhookId: "Webhook",
  deliveryId: "NotificationDelivery",
  reportId: "Report",
};

function madeBy(payload: unknown): AuditTarget | null {
  if (typeof payload !== "object" || payload === null) return null;
  for (const [name, value] of Object.entries(payload)) {
    const type = made[name];
    if (type !== undefined && typeof value === "string") return { type, id: encodeId(type, value) };
  }
  return null;
}

const succeeded = (payload: unknown): AuditOutcome => ({ outcome: "SUCCEEDED", message: null, target: madeBy(payload) });

function failed(error: unknown): AuditOutcome {
  const known = error instanceof DomainError;
  return { outcome: known ? error.code : "INTERNAL_ERROR", message: known ? error.message : null, target: null };
}

type Asked = Pick<Context, "viewer" | "basic" | "requestId"> & { readonly services: Pick<Context["services"], "audit"> };

const isAsked = (context: unknown): context is Asked =>
  typeof context === "object" && context !== null && ["services", "viewer", "basic", "requestId"].every((field) => field in context);

const whoAsks = ({ viewer, basic }: Asked) => ({ userId: viewer?.userId ?? null, userName: viewer?.name ?? basic?.user ?? "" });

/** The name that is tried, whoever is signed in meanwhile. */
function whoSignsIn(input: unknown, { basic }: Asked) {
  const named: unknown = typeof input === "object" && input !== null ? Reflect.get(input, "user") : basic?.user;
  return { userId: null, userName: typeof named === "string" ? named : "" };
}

function audited<C>(operation: string, resolve: GraphQLFieldResolver<unknown, C, object>): GraphQLFieldResolver<unknown, C, object> {
  return async (root, args, context, info) => {
    if (!isAsked(context)) throw new Error("A mutation without the gateway's context can't be audited");
    const { services, requestId } = context;
    const input: unknown = Reflect.get(args, "input");
    const who = operation === "createSession" ? whoSignsIn(input, context) : whoAsks(context);
    const id = await services.audit.begin({ ...who, operation, target: targetOf(input), requestId });
    try {
      const payload: unknown = await resolve(root, args, context, info);
      await services.audit.complete(id, succeeded(payload));
      return payload;
    } catch (error) {
      await services.audit.complete(id, failed(error));
      throw error;
    }
  };
}

class AuditPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types["Context"], object>,
    field: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    if (field.parentType !== "Mutation") return resolve;
    return audited(field.name, resolve);
  }
}

SchemaBuilder.registerPlugin("audit", AuditPlugin);
