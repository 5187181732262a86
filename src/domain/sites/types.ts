/** Sites and what stands between two of them. (Reference: Site Management.) */
import type { ArrayManager, ReplicationServer, Site, SitePairing } from "../../database/generated/client.ts";
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { ReplicationType } from "../protection/types-enums.ts";
import { ComponentState, ConnectionState, PairingState, ReplicationHealth, SiteType } from "./types-enums.ts";

export const SiteRef = builder.objectRef<Readonly<Site>>("Site");
export const SitePairingRef = builder.objectRef<Readonly<SitePairing>>("SitePairing");
export const ArrayManagerRef = builder.objectRef<Readonly<ArrayManager>>("ArrayManager");
export const ReplicationServerRef = builder.objectRef<Readonly<ReplicationServer>>("ReplicationServer");

builder.node(SiteRef, {
  description: "A place with machines, storage and networks, reached through a provider. (Reference: Site Management.)",
  id: { resolve: ({ id }) => id, description: "Global id of the site (reference: site_id)." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.site.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique among sites without regard to case." }),
    type: t.expose("type", { type: SiteType, description: "Its configured role." }),
    provider: t.exposeString("provider", { description: 'Which provider serves it, such as "lab".' }),
    providerVersion: t.exposeString("providerVersion", {
      nullable: true,
      description: "Version of the provider there; null when it has not said.",
    }),
    state: t.expose("state", { type: ConnectionState, description: "How well it can be reached now." }),
    stateReason: t.exposeString("stateReason", { nullable: true, description: "Why the state is what it is; null when nothing is wrong." }),
    stateSince: t.expose("stateSince", { type: "DateTime", description: "Since when the state is what it is." }),
    lastHeartbeatAt: t.expose("heartbeatAt", {
      type: "DateTime",
      nullable: true,
      description: "When it last answered a heartbeat, to any node; null: it never has, or it has no pair (reference: last_heartbeat).",
    }),
    suspectSince: t.expose("suspectSince", {
      type: "DateTime",
      nullable: true,
      description: "Since when its heartbeats are missing; the state follows later. Null: they are not.",
    }),
    vcenterServer: t.exposeString("vcenterServer", { nullable: true, description: "Host name of its vCenter, where it has one." }),
    vcenterVersion: t.exposeString("vcenterVersion", { nullable: true, description: "Version of its vCenter." }),
    srmServer: t.exposeString("srmServer", { nullable: true, description: "Host name of its recovery manager, where it has one." }),
    srmVersion: t.exposeString("srmVersion", { nullable: true, description: "Version of its recovery manager." }),
    datacenter: t.exposeString("datacenter", { nullable: true, description: "Name of its datacenter, where it has one." }),
    refreshedAt: t.expose("refreshedAt", {
      type: "DateTime",
      nullable: true,
      description: "When its inventory was last read from the provider; null before the first time.",
    }),
    pairing: t.field({
      type: SitePairingRef,
      nullable: true,
      description: "Its first pairing; null when it has none. (Reference: Get Site Pairing Status.)",
      resolve: async ({ id }, _args, { loaders }) => (await loaders.pairingsOfSite.load(id))[0] ?? null,
    }),
    pairings: t.field({
      type: [SitePairingRef],
      description: "All its pairings, oldest first.",
      resolve: ({ id }, _args, { loaders }) => loaders.pairingsOfSite.load(id),
    }),
  }),
});

builder.node(SitePairingRef, {
  description: "Two sites that may protect each other, and the state between them. (Reference: Get Site Pairing Status.)",
  id: { resolve: ({ id }) => id, description: "Global id of the pairing." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.pairing.loadMany(ids)),
  fields: (t) => ({
    localSite: t.field({
      type: SiteRef,
      nullable: true,
      description: "The site with the role PROTECTED, where there is one.",
      resolve: ({ localSiteId }, _args, { loaders }) => loaders.site.load(localSiteId),
    }),
    remoteSite: t.field({
      type: SiteRef,
      nullable: true,
      description: "The other site.",
      resolve: ({ remoteSiteId }, _args, { loaders }) => loaders.site.load(remoteSiteId),
    }),
    pairingState: t.expose("pairingState", { type: PairingState, description: "Whether they are paired." }),
    connectionState: t.expose("connectionState", { type: ConnectionState, description: "Whether they reach each other." }),
    stateReason: t.exposeString("stateReason", {
      nullable: true,
      description: "Why the connection's state is what it is; null when nothing is wrong.",
    }),
    stateSince: t.expose("stateSince", { type: "DateTime", description: "Since when the connection's state is what it is." }),
    lastHeartbeatAt: t.expose("lastHeartbeatAt", {
      type: "DateTime",
      nullable: true,
      description:
        "When both sites were last heard of; each site's own time is `Site.lastHeartbeatAt`. Null: one of them never was (reference: last_heartbeat).",
    }),
    suspectSince: t.expose("suspectSince", {
      type: "DateTime",
      nullable: true,
      description: "Since when heartbeats are missing, before the state changes; null when none are.",
    }),
    powersOffOriginals: t.exposeBoolean("powersOffOriginals", {
      description:
        "What is done with the original of a recovered VM that runs again while its copy does: it is powered off (true), or asked about with resolveSplitBrain (false). `updatePairing` sets it.",
    }),
    replicationHealth: t.expose("replicationHealth", { type: ReplicationHealth, description: "How replication between them does." }),
    arrayManagers: t.field({
      type: [ArrayManagerRef],
      description: "Managers of storage arrays that replicate between them, by name.",
      resolve: ({ id }, _args, { loaders }) => loaders.arrayManagersOfPairing.load(id),
    }),
    replicationServers: t.field({
      type: [ReplicationServerRef],
      description: "Servers that replicate machines between them, by name (reference: vr_servers).",
      resolve: ({ id }, _args, { loaders }) => loaders.replicationServersOfPairing.load(id),
    }),
  }),
});

builder.node(ArrayManagerRef, {
  description: "Manages storage arrays that replicate, through a storage replication adapter (SRA).",
  id: { resolve: ({ id }) => id, description: "Global id of the array manager." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.arrayManager.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique in its pairing." }),
    type: t.expose("type", { type: ReplicationType, description: "What kind of replication it does." }),
    state: t.expose("state", { type: ComponentState, description: "Whether it answers." }),
    replicatedDevices: t.exposeInt("replicatedDevices", { description: "How many devices it replicates." }),
  }),
});

builder.node(ReplicationServerRef, {
  description: "Replicates machines one by one, without the help of storage arrays.",
  id: { resolve: ({ id }) => id, description: "Global id of the replication server." },
  loadManyWithoutCache: (ids, { loaders }) => copies(loaders.replicationServer.loadMany(ids)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Unique in its pairing." }),
    state: t.expose("state", { type: ComponentState, description: "Whether it answers." }),
    replicatedVms: t.exposeInt("replicatedVms", { description: "How many machines it replicates." }),
  }),
});
