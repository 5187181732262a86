import { builder } from "../builder.ts";

export const DatastoreType = builder.enumType("DatastoreType", {
  description: "What kind of storage it is.",
  values: {
    VMFS: { description: "A block device with VMFS." },
    NFS: { description: "A share over NFS." },
    VSAN: { description: "Disks of the hosts, pooled." },
    DIRECTORY: { description: "A directory of files." },
    LVM: { description: "A volume group of LVM." },
  } as const,
});

export const NetworkType = builder.enumType("NetworkType", {
  description: "What kind of network it is.",
  values: {
    STANDARD: { description: "A switch of one host." },
    DISTRIBUTED: { description: "A switch across hosts." },
    NAT: { description: "Behind address translation." },
    ISOLATED: { description: "Connected to nothing outside." },
  } as const,
});

export const FolderType = builder.enumType("FolderType", {
  description: "What a folder holds.",
  values: { VM: { description: "Virtual machines." } } as const,
});

export const PowerState = builder.enumType("PowerState", {
  description: "Power of a virtual machine, as last seen.",
  values: {
    POWERED_ON: { description: "On (reference: poweredOn)." },
    POWERED_OFF: { description: "Off (reference: poweredOff)." },
    SUSPENDED: { description: "Suspended." },
    UNKNOWN: { description: "Nobody could see it." },
  } as const,
});

export const VmPriority = builder.enumType("VmPriority", {
  description: "Within a priority group VMs start in tiers: the next tier starts once this one is ready or has failed.",
  values: {
    HIGHEST: { description: "First tier." },
    HIGH: { description: "Second tier." },
    NORMAL: { description: "Third tier." },
    LOW: { description: "Fourth tier." },
    LOWEST: { description: "Last tier." },
  } as const,
});

export const ReadyCheck = builder.enumType("ReadyCheck", {
  description: "How it is seen that a recovered VM is ready.",
  values: {
    HEARTBEAT: { description: "The guest's tools report." },
    POWERED_ON: { description: "It is on; nothing more is asked." },
    TCP: { description: "A TCP port answers." },
    HTTP: { description: "An HTTP request is answered with success." },
    SCRIPT: { description: "A program at the site ends with 0." },
  } as const,
});

export const StepPhase = builder.enumType("StepPhase", {
  description: "Before or after the power-on.",
  values: {
    PRE_POWER_ON: { description: "Before (reference: pre_power_on)." },
    POST_POWER_ON: { description: "After (reference: post_power_on)." },
  } as const,
});
