import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { idOf } from "../ids.ts";
import { SiteRef } from "./types.ts";
import { ConnectionState, SiteType } from "./types-enums.ts";

const SiteOrderField = builder.enumType("SiteOrderField", {
  description: "What sites are sorted by.",
  values: { NAME: { description: "Name, without regard to case." }, STATE: { description: "Name of the state." } } as const,
});

const SiteOrder = builder.inputType("SiteOrder", {
  description: "How sites are sorted.",
  fields: (t) => ({
    field: t.field({ type: SiteOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const SiteFilter = builder.inputType("SiteFilter", {
  description: "Which sites; everything that is given must hold.",
  fields: (t) => ({
    name: t.string({ description: "Part of the name, without regard to case." }),
    type: t.field({ type: SiteType, description: "Configured role." }),
    state: t.field({ type: ConnectionState, description: "State of the connection." }),
  }),
});

export const SiteConnection = builder.connectionObject(
  { type: SiteRef, name: "SiteConnection", description: "A page of sites." },
  { name: "SiteEdge", description: "A site in a page." },
);

builder.queryFields((t) => ({
  sites: t.field({
    type: SiteConnection,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "Sites, by name unless told otherwise. (Reference: List Sites.)",
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: SiteFilter, description: "Which sites; all by default." }),
      orderBy: t.arg({ type: SiteOrder, description: "How they are sorted." }),
    },
    resolve: (_root, args, { loaders }) => loaders.siteList.nodes(null, args, loaders.site),
  }),
  site: t.field({
    type: SiteRef,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "The site with this id; null when there is none.",
    args: { id: t.arg.id({ required: true, description: "Global id of a site." }) },
    resolve: (_root, { id }, { loaders }) => loaders.site.load(idOf("Site", id)),
  }),
}));
