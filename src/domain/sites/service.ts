/** What can be done with sites and pairs. Ids are the database's. Every method rejects with a DomainError when it has done nothing. */
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { type PairInput, pair } from "./pair.ts";
import { type RegisterInput, register } from "./register.ts";
import { remove, type SiteInput } from "./remove.ts";
import { type ResolveInput, resolveSplitBrain } from "./service-split-brain.ts";
import { type UnpairInput, unpair } from "./unpair.ts";
import { type UpdateInput, update } from "./update.ts";
import { type UpdatePairingInput, updatePairing } from "./update-pairing.ts";

export interface Sites {
  register(viewer: Viewer, input: RegisterInput): Promise<{ siteId: string }>;
  update(viewer: Viewer, input: UpdateInput): Promise<{ siteId: string }>;
  remove(viewer: Viewer, input: SiteInput): Promise<{ siteId: string }>;
  pair(viewer: Viewer, input: PairInput): Promise<{ pairingId: string }>;
  unpair(viewer: Viewer, input: UnpairInput): Promise<{ pairingId: string }>;
  updatePairing(viewer: Viewer, input: UpdatePairingInput): Promise<{ pairingId: string }>;
  resolveSplitBrain(viewer: Viewer, input: ResolveInput): Promise<{ vmId: string }>;
}

export const createSites = (context: ServiceContext): Sites => ({
  register: (viewer, input) => register(context, viewer, input),
  update: (viewer, input) => update(context, viewer, input),
  remove: (viewer, input) => remove(context, viewer, input),
  pair: (viewer, input) => pair(context, viewer, input),
  unpair: (viewer, input) => unpair(context, viewer, input),
  updatePairing: (viewer, input) => updatePairing(context, viewer, input),
  resolveSplitBrain: (viewer, input) => resolveSplitBrain(context, viewer, input),
});
