/** What can be done with inventories. Ids are the database's. Every method rejects with a DomainError when it has done nothing. */
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { type RefreshInput, refreshInventory } from "./service-refresh.ts";

export interface Inventories {
  refresh(viewer: Viewer, input: RefreshInput): Promise<{ siteId: string }>;
}

export const createInventories = (context: ServiceContext): Inventories => ({
  refresh: (viewer, input) => refreshInventory(context, viewer, input),
});
