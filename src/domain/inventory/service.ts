/** What can be done with inventories. Ids are the database's. Every method rejects with a DomainError when it has done nothing. */
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { type DeletedMapping, type DeleteMappingInput, deleteMapping } from "./mapping-delete.ts";
import { mappingKinds } from "./mapping-kinds.ts";
import { type SetMapping, type SetMappingInput, setMapping } from "./mapping-set.ts";
import { type RefreshInput, refreshInventory } from "./service-refresh.ts";

type KindOfMapping = keyof typeof mappingKinds;

export interface Inventories {
  refresh(viewer: Viewer, input: RefreshInput): Promise<{ siteId: string }>;
  setMapping(viewer: Viewer, kind: KindOfMapping, input: SetMappingInput): Promise<SetMapping>;
  deleteMapping(viewer: Viewer, kind: KindOfMapping, input: DeleteMappingInput): Promise<DeletedMapping>;
}

export const createInventories = (context: ServiceContext): Inventories => ({
  refresh: (viewer, input) => refreshInventory(context, viewer, input),
  setMapping: (viewer, kind, input) =>
    setMapping(context, viewer, mappingKinds[kind], { mutation: `set${mappingKinds[kind].node}`, input }),
  deleteMapping: (viewer, kind, input) =>
    deleteMapping(context, viewer, mappingKinds[kind], { mutation: `delete${mappingKinds[kind].node}`, input }),
});
