/** What an administrator does with sites: checked for shape here, decided in the service. */
import { builder } from "../builder.ts";
import { encodeId, idOf } from "../ids.ts";
import { actor, keyField, written } from "../mutation-parts.ts";
import { SiteRef } from "./types.ts";
import { SiteType } from "./types-enums.ts";

const vendorNames = {
  vcenterServer: "Host name of its vCenter, where it has one",
  vcenterVersion: "Version of its vCenter",
  srmServer: "Host name of its recovery manager, where it has one",
  srmVersion: "Version of its recovery manager",
  datacenter: "Name of its datacenter, where it has one",
} as const;

const RegisterSiteInput = builder.inputType("RegisterSiteInput", {
  description: "A site that a provider serves.",
  fields: (t) => ({
    name: t.string({ required: true, description: "1 to 255 characters, unique among sites without regard to case." }),
    type: t.field({ type: SiteType, required: true, description: "Its configured role, which never changes." }),
    provider: t.string({ required: true, description: 'Which provider serves it, such as "lab".' }),
    externalId: t.string({ required: true, description: "The name by which the provider knows it, 1 to 255 characters." }),
    vcenterServer: t.string({ description: `${vendorNames.vcenterServer}; at most 255 characters.` }),
    vcenterVersion: t.string({ description: `${vendorNames.vcenterVersion}; at most 255 characters.` }),
    srmServer: t.string({ description: `${vendorNames.srmServer}; at most 255 characters.` }),
    srmVersion: t.string({ description: `${vendorNames.srmVersion}; at most 255 characters.` }),
    datacenter: t.string({ description: `${vendorNames.datacenter}; at most 255 characters.` }),
    idempotencyKey: t.string(keyField),
  }),
});

const UpdateSiteInput = builder.inputType("UpdateSiteInput", {
  description: "What to change of a site. What is left out stays as it is; null clears it, but for the name.",
  fields: (t) => ({
    siteId: t.id({ required: true, description: "The site." }),
    name: t.string({ description: "1 to 255 characters, unique among sites without regard to case." }),
    vcenterServer: t.string({ description: `${vendorNames.vcenterServer}; at most 255 characters.` }),
    vcenterVersion: t.string({ description: `${vendorNames.vcenterVersion}; at most 255 characters.` }),
    srmServer: t.string({ description: `${vendorNames.srmServer}; at most 255 characters.` }),
    srmVersion: t.string({ description: `${vendorNames.srmVersion}; at most 255 characters.` }),
    datacenter: t.string({ description: `${vendorNames.datacenter}; at most 255 characters.` }),
    idempotencyKey: t.string(keyField),
  }),
});

const RemoveSiteInput = builder.inputType("RemoveSiteInput", {
  description: "Which site to remove.",
  fields: (t) => ({ siteId: t.id({ required: true, description: "The site." }), idempotencyKey: t.string(keyField) }),
});

const RefreshInventoryInput = builder.inputType("RefreshInventoryInput", {
  description: "Which site's inventory to read.",
  fields: (t) => ({ siteId: t.id({ required: true, description: "The site." }), idempotencyKey: t.string(keyField) }),
});

const sitePayload = (name: string, description: string) =>
  builder.objectRef<{ readonly siteId: string }>(name).implement({
    description,
    fields: (t) => ({
      site: t.field({
        type: SiteRef,
        description: "The site as it is now.",
        resolve: ({ siteId }, _args, { loaders }) => written(loaders.site.load(siteId)),
      }),
    }),
  });

const RegisterSitePayload = sitePayload("RegisterSitePayload", "The site is registered, and its inventory has been read.");
const UpdateSitePayload = sitePayload("UpdateSitePayload", "The site is changed.");
const RefreshInventoryPayload = sitePayload("RefreshInventoryPayload", "The site's inventory is as its provider has just told it.");

const RemoveSitePayload = builder.objectRef<{ readonly siteId: string }>("RemoveSitePayload").implement({
  description: "The site and its inventory are no longer known here.",
  fields: (t) => ({
    removedSiteId: t.id({ description: "Global id that the site had.", resolve: ({ siteId }) => encodeId("Site", siteId) }),
  }),
});

const ofSite = <Input extends { readonly siteId: string }>(input: Input) => ({ ...input, siteId: idOf("Site", input.siteId, ["siteId"]) });

const common = { nullable: true, authScopes: { role: "ADMIN" }, errors: {} } as const;

builder.mutationFields((t) => ({
  registerSite: t.field({
    type: RegisterSitePayload,
    ...common,
    description:
      "Makes a site known, after asking its provider, and reads its inventory at once. INVALID_REQUEST for a name that is taken, an unknown provider, or a site that the provider does not know or that is registered already; SERVICE_UNAVAILABLE when it does not answer.",
    args: { input: t.arg({ type: RegisterSiteInput, required: true, description: "The site." }) },
    resolve: (_root, { input }, context) => context.services.sites.register(actor(context), input),
  }),
  updateSite: t.field({
    type: UpdateSitePayload,
    ...common,
    description:
      "Changes a site's name and vendor fields. INVALID_REQUEST for a name that is taken, CONFLICT while a run of a plan uses the site.",
    args: { input: t.arg({ type: UpdateSiteInput, required: true, description: "Which site, and what of it." }) },
    resolve: (_root, { input }, context) => context.services.sites.update(actor(context), ofSite(input)),
  }),
  removeSite: t.field({
    type: RemoveSitePayload,
    ...common,
    description:
      "Removes a site and its inventory from here; at the site nothing changes. CONFLICT while it is paired or has protection groups, plans or protected VMs, which the error names.",
    args: { input: t.arg({ type: RemoveSiteInput, required: true, description: "Which site." }) },
    resolve: (_root, { input }, context) => context.services.sites.remove(actor(context), ofSite(input)),
  }),
  refreshInventory: t.field({
    type: RefreshInventoryPayload,
    ...common,
    authScopes: { anyRole: ["EDITOR", "ADMIN"] },
    description:
      "Reads a site's inventory from its provider now; it is read every minute by itself too. What vanished is taken away, or stays marked as missing while something refers to it. SERVICE_UNAVAILABLE when the site does not answer, PRECONDITION_FAILED when its provider no longer knows it.",
    args: { input: t.arg({ type: RefreshInventoryInput, required: true, description: "Which site." }) },
    resolve: (_root, { input }, context) => context.services.inventory.refresh(actor(context), ofSite(input)),
  }),
}));
