/** What can be done with a VM beside protecting it. */
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { configureMappings, type MappingsInput } from "./service-vm-networks.ts";
import { type ChangedVm, configureSettings, type SettingsInput } from "./service-vm-settings.ts";

/** Ids are the database's. Every method rejects with a DomainError when it has done nothing, and its key gets the first answer again. */
export interface VmConfiguration {
  settings(viewer: Viewer, input: SettingsInput): Promise<ChangedVm>;
  networkMappings(viewer: Viewer, input: MappingsInput): Promise<ChangedVm>;
}

export const createVmConfiguration = (context: ServiceContext): VmConfiguration => ({
  settings: (viewer, input) => configureSettings(context, viewer, input),
  networkMappings: (viewer, input) => configureMappings(context, viewer, input),
});
