/** Pairing sites: checked for shape here, decided in the service. */
import { builder } from "../builder.ts";
import { encodeId, idOf } from "../ids.ts";
import { actor, keyField, written } from "../mutation-parts.ts";
import { SitePairingRef } from "./types.ts";

const PairSitesInput = builder.inputType("PairSitesInput", {
  description: "Two sites that shall protect each other.",
  fields: (t) => ({
    localSiteId: t.id({ required: true, description: "One site. A site with the role PROTECTED becomes the local one in any case." }),
    remoteSiteId: t.id({ required: true, description: "The other site." }),
    idempotencyKey: t.string(keyField),
  }),
});

const UnpairSitesInput = builder.inputType("UnpairSitesInput", {
  description: "Which pair to take apart.",
  fields: (t) => ({ pairingId: t.id({ required: true, description: "The pairing." }), idempotencyKey: t.string(keyField) }),
});

const UpdatePairingInput = builder.inputType("UpdatePairingInput", {
  description: "What to change of a pair. What is left out, or null, stays as it is.",
  fields: (t) => ({
    pairingId: t.id({ required: true, description: "The pairing." }),
    powersOffOriginals: t.boolean({
      description:
        "Whether the original of a recovered VM that runs again while its copy does is powered off by itself; false: somebody is asked (resolveSplitBrain).",
    }),
    idempotencyKey: t.string(keyField),
  }),
});

const UpdatePairingPayload = builder.objectRef<{ readonly pairingId: string }>("UpdatePairingPayload").implement({
  description: "The pair is changed.",
  fields: (t) => ({
    pairing: t.field({
      type: SitePairingRef,
      description: "The pairing as it is now.",
      resolve: ({ pairingId }, _args, { loaders }) => written(loaders.pairing.load(pairingId)),
    }),
  }),
});

const PairSitesPayload = builder.objectRef<{ readonly pairingId: string }>("PairSitesPayload").implement({
  description: "The sites are paired.",
  fields: (t) => ({
    pairing: t.field({
      type: SitePairingRef,
      description: "The new pairing.",
      resolve: ({ pairingId }, _args, { loaders }) => written(loaders.pairing.load(pairingId)),
    }),
  }),
});

const UnpairSitesPayload = builder.objectRef<{ readonly pairingId: string }>("UnpairSitesPayload").implement({
  description: "The sites are no longer paired.",
  fields: (t) => ({
    removedPairingId: t.id({
      description: "Global id that the pairing had.",
      resolve: ({ pairingId }) => encodeId("SitePairing", pairingId),
    }),
  }),
});

const common = { nullable: true, authScopes: { role: "ADMIN" }, errors: {} } as const;

builder.mutationFields((t) => ({
  pairSites: t.field({
    type: PairSitesPayload,
    ...common,
    description: "Pairs two sites, so that plans, groups and mappings can be made between them. CONFLICT when they are paired already.",
    args: { input: t.arg({ type: PairSitesInput, required: true, description: "Which sites." }) },
    resolve: (_root, { input: { localSiteId, remoteSiteId, idempotencyKey } }, context) =>
      context.services.sites.pair(actor(context), {
        localSiteId: idOf("Site", localSiteId, ["localSiteId"]),
        remoteSiteId: idOf("Site", remoteSiteId, ["remoteSiteId"]),
        idempotencyKey,
      }),
  }),
  updatePairing: t.field({
    type: UpdatePairingPayload,
    ...common,
    description: "Changes what is done between two sites. It counts from the next heartbeat.",
    args: { input: t.arg({ type: UpdatePairingInput, required: true, description: "Which pairing, and what of it." }) },
    resolve: (_root, { input }, context) =>
      context.services.sites.updatePairing(actor(context), { ...input, pairingId: idOf("SitePairing", input.pairingId, ["pairingId"]) }),
  }),
  unpairSites: t.field({
    type: UnpairSitesPayload,
    ...common,
    description:
      "Takes a pair apart; its mappings, array managers and replication servers go with it. CONFLICT while protection groups or plans are on it, which the error names.",
    args: { input: t.arg({ type: UnpairSitesInput, required: true, description: "Which pairing." }) },
    resolve: (_root, { input: { pairingId, idempotencyKey } }, context) =>
      context.services.sites.unpair(actor(context), { pairingId: idOf("SitePairing", pairingId, ["pairingId"]), idempotencyKey }),
  }),
}));
