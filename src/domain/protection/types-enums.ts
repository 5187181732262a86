import { builder } from "../builder.ts";

export const ReplicationType = builder.enumType("ReplicationType", {
  description: "How data gets to the recovery site.",
  values: {
    SAN: { description: "Storage arrays replicate (reference: san)." },
    HOST: { description: "The hypervisor replicates machine by machine." },
    SNAPSHOT: { description: "Snapshots are sent." },
    CONTINUOUS: { description: "Every write is sent as it happens." },
  } as const,
});

export const ProtectionGroupType = builder.enumType("ProtectionGroupType", {
  description: "What kind of protection a group has.",
  values: {
    REPLICATION: { description: "Datastores are replicated; the group's VMs follow from them (reference: replication)." },
    SNAPSHOT: { description: "Snapshots of the chosen VMs are sent (reference: snapshot)." },
    CONTINUOUS: { description: "The chosen VMs are replicated continuously (reference: continuous)." },
  } as const,
});

const groupStates = {
  READY: { description: "Protected, and ready to be recovered." },
  NOT_READY: { description: "Something is missing; see the faults." },
  CONFIGURING: { description: "Being set up." },
  TESTING: { description: "A test works on it." },
  RECOVERING: { description: "A recovery works on it." },
  RECOVERED: { description: "Recovered at its recovery site." },
  PARTIALLY_RECOVERED: { description: "Recovered, but not all of its VMs." },
  REPROTECTING: { description: "Its direction is being reversed." },
  DELETING: { description: "Being deleted." },
  ERROR: { description: "Something failed; see the faults." },
} as const;

export const ProtectionGroupState = builder.enumType("ProtectionGroupState", {
  description: "State of a protection group. (Reference: state.)",
  values: groupStates,
});

export const PeerState = builder.enumType("PeerState", {
  description: "State as the peer site's provider last reported it. (Reference: peer_state.)",
  values: { ...groupStates, UNKNOWN: { description: "It has not reported, or can't be reached." } } as const,
});

export const ProtectionState = builder.enumType("ProtectionState", {
  description: "How far a group's VMs are protected, computed from theirs. (Reference: protection_state of groups.)",
  values: {
    PROTECTED: { description: "Every VM is SHADOWING." },
    PARTIALLY_CONFIGURED: { description: "Some VMs are configured, some are not." },
    NOT_CONFIGURED: { description: "No VM is configured, or there is none." },
    NOT_PROTECTED: { description: "All VMs are configured, but not all are replicated." },
  } as const,
});

export const VmProtectionState = builder.enumType("VmProtectionState", {
  description: "How far one VM is protected. (Reference: protection_state of VMs.)",
  values: {
    NOT_CONFIGURED: { description: "It has no placeholder yet, or belongs to no group." },
    CONFIGURING: { description: "Its placeholder and replication are being set up." },
    SHADOWING: { description: "A placeholder stands at the recovery site and its data is replicated." },
    NOT_SHADOWING: { description: "Configured, but not replicated now." },
    ERROR: { description: "Something failed; see the fault." },
  } as const,
});

export const ReplicationState = builder.enumType("ReplicationState", {
  description: "How replication of a VM or a datastore does.",
  values: {
    SYNCED: { description: "The last synchronisation is complete." },
    SYNCING: { description: "Data is being copied." },
    PAUSED: { description: "Somebody paused it." },
    ERROR: { description: "It failed." },
    NOT_REPLICATED: { description: "It is not replicated." },
  } as const,
});

export const PointConsistency = builder.enumType("PointConsistency", {
  description: "What a recovery point can be trusted to hold.",
  values: {
    CRASH_CONSISTENT: { description: "The disks as after a loss of power." },
    APPLICATION_CONSISTENT: { description: "Applications had written everything they held in memory." },
  } as const,
});
