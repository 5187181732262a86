/** What the lab's sites consist of, as the import file says it. Ids are the lab's own, each unique over all sites. */
import type { Capabilities } from "../contract.ts";

export interface LabPlace {
  readonly id: string;
  readonly name: string;
}

export interface LabService {
  readonly port: number;
  /** What a guest says when somebody connects; by default "NAME ready", with the VM's name. */
  readonly banner?: string;
}

export interface LabVm extends LabPlace {
  /** On by default. */
  readonly on?: boolean;
  readonly nics?: readonly { readonly nicIndex: number; readonly networkId: string | null; readonly ipAddresses: readonly string[] }[];
  /** TCP ports that the guest of a test copy serves once it has booted. */
  readonly services?: readonly LabService[];
  readonly diskBytes?: number;
  readonly changeBytesPerSecond?: number;
}

export interface LabSite extends LabPlace {
  /** What is not said: addresses before power-on, and all else that there is. */
  readonly capabilities?: Partial<Capabilities>;
  readonly networks?: readonly LabPlace[];
  readonly folders?: readonly LabPlace[];
  readonly resourcePools?: readonly LabPlace[];
  readonly vms?: readonly LabVm[];
  /** At the recovery site: what keeps a VM's place there. */
  readonly placeholders?: readonly (LabPlace & { readonly sourceVmId: string })[];
}

export interface LabGroup extends LabPlace {
  readonly recoverySiteId: string;
  readonly sourceVmIds: readonly string[];
}

export interface LabDefinition {
  readonly sites: readonly LabSite[];
  readonly groups: readonly LabGroup[];
}

const allCapabilities: Capabilities = { ipCustomisation: "BEFORE_POWER_ON", guestCommands: true, folders: true, resourcePools: true };
const gibibyte = 2 ** 30;

/** One flat list for each kind of thing, each with its site: what the SQL function lab.define takes. */
export function flatten({ sites, groups }: LabDefinition): object {
  const placed = <T>(of: (site: LabSite) => readonly T[] | undefined) =>
    sites.flatMap((site) => (of(site) ?? []).map((thing) => ({ ...thing, siteId: site.id })));
  return {
    sites: sites.map(({ id, name, capabilities }) => ({ id, name, capabilities: { ...allCapabilities, ...capabilities } })),
    folders: placed((site) => site.folders),
    resourcePools: placed((site) => site.resourcePools),
    networks: placed((site) => site.networks),
    placeholders: placed((site) => site.placeholders),
    vms: placed((site) => site.vms).map((vm) => ({
      on: true,
      nics: [],
      services: [],
      diskBytes: 20 * gibibyte,
      changeBytesPerSecond: 50_000,
      ...vm,
    })),
    groups,
  };
}
