import { builder } from "../builder.ts";

export const SiteType = builder.enumType("SiteType", {
  description: "A site's configured role, which never changes. The actual direction of protection is on groups and plans.",
  values: {
    PROTECTED: { description: "Where the machines run in ordinary times (reference: protected)." },
    RECOVERY: { description: "Where they are recovered (reference: recovery)." },
  } as const,
});

export const ConnectionState = builder.enumType("ConnectionState", {
  description: "How well a site, or the connection of a pair, can be reached.",
  values: {
    CONNECTED: { description: "Everything answers." },
    PARTIALLY_CONNECTED: { description: "Control answers, but replication or one of its managers is down." },
    DISCONNECTED: { description: "Nothing answers." },
  } as const,
});

export const PairingState = builder.enumType("PairingState", {
  description: "Whether two sites are paired.",
  values: {
    PAIRED: { description: "They may protect each other." },
    NOT_PAIRED: { description: "They were paired once, and are not now." },
  } as const,
});

export const ReplicationHealth = builder.enumType("ReplicationHealth", {
  description: "How replication between two sites does.",
  values: {
    HEALTHY: { description: "Everything within its RPO." },
    WARNING: { description: "Something lags behind its RPO." },
    CRITICAL: { description: "Something lags behind three times its RPO, or has failed." },
    UNKNOWN: { description: "Nobody has reported yet." },
  } as const,
});

export const ComponentState = builder.enumType("ComponentState", {
  description: "State of an array manager or a replication server.",
  values: {
    CONNECTED: { description: "It answers." },
    DISCONNECTED: { description: "It does not answer." },
    ERROR: { description: "It answers with an error." },
  } as const,
});
