interface Exemption {
  readonly what: RegExp;
  readonly tables: readonly string[];
  readonly because: string;
}

/** Statements that may read a large table from end to end, and why. */
export const mayReadInFull: readonly Exemption[] = [
  {
    what: /^SELECT NULL AS "parentId", count\(\*\)/,
    tables: [
      "audit_record",
      "datastore",
      "notification",
      "notification_delivery",
      "plan_protection_group",
      "protected_vm",
      "protection_group",
      "recovery",
      "recovery_plan",
      "rpo_violation",
      "task",
      "virtual_machine",
    ],
    because: "totalCount of all that a filter lets through counts it",
  },
  {
    what: /^SELECT (?!above).* FROM virtual_machine v LEFT JOIN protected_vm m ON m\.vm_id = v\.id\s+WHERE .*\s+ORDER BY coalesce\(m\./s,
    tables: ["protected_vm", "virtual_machine"],
    because:
      "vms of all groups by the state of their protection or by their last synchronisation, which change all the time and lie in two tables",
  },
  {
    what: /^SELECT (?!above).* FROM protection_group g\s+WHERE .*\s+ORDER BY g\.(type|state)::text/s,
    tables: ["protection_group"],
    because: "protectionGroups of all plans by their state or type, of which there are few",
  },
  {
    what: /^SELECT (?!above).* FROM rpo_violation v\s+WHERE .*\s+ORDER BY v\.worst_lag_seconds/s,
    tables: ["rpo_violation"],
    because: "rpoViolations by their longest lag, which grows while they are open",
  },
  {
    what: /^SELECT (?!above).* FROM protection_group g\s+WHERE g\.name ILIKE \S+\s+AND g\.state::text = /s,
    tables: ["protection_group"],
    because: "protectionGroups by a part of their name and their state: a part of a name is looked for in all names",
  },
  {
    what: /FROM datastore i\s+WHERE/,
    tables: ["datastore"],
    because: "datastores of all sites together are asked for by people, and seldom; those of a site have an index",
  },
  { what: /WHERE n\.kind::text = /, tables: ["notification"], because: "the newest notifications of a kind" },
  {
    what: /FROM recovery_plan p\s+WHERE CASE/,
    tables: ["plan_protection_group", "protected_vm", "protection_group", "recovery_plan"],
    because: "the state of plans is worked out, for all that the list has to look at",
  },
  {
    what: /\(m\.vm_id IS NOT NULL AND \(m\.protection_state/,
    tables: ["protected_vm", "protection_group", "virtual_machine", "vm_command", "vm_recovery_settings"],
    because: "what a VM still needs is worked out",
  },
  {
    what: /^\s*WITH made AS \(\s*INSERT INTO replication_cycle .* AND true\s/s,
    tables: ["plan_protection_group", "protected_vm", "protection_group", "recovery_plan", "replication_cycle", "virtual_machine"],
    because: "compares all groups with their cycles, and comes at every thirtieth look",
  },
  { what: /^UPDATE replication_cycle SET owner = NULL/, tables: ["replication_cycle"], because: "once, when a gateway stops" },
  {
    what: /json_build_object\('(name|vmId)', i\./,
    tables: ["datastore", "protected_vm", "storage_group", "storage_group_source", "vm_dependency"],
    because: "a site's whole inventory is compared",
  },
  {
    what: /FROM protection_group g LEFT JOIN group_lag l|max\(measured_at\)/,
    tables: ["group_lag", "protection_group"],
    because: "the lag of all groups is measured, in a tenth of the time",
  },
  {
    what: /^(INSERT INTO lag_sample AS s .* FROM|DELETE FROM) lag_sample_open WHERE starts_at/s,
    tables: ["lag_sample_open"],
    because: "each measurement looks for steps that are over among those that it updates",
  },
  { what: /^UPDATE rpo_violation v SET closed_at/, tables: ["replication_cycle"], because: "all violations that are open go on" },
  {
    what: /^INSERT INTO readiness_evaluation|^WITH place AS/,
    tables: ["readiness_evaluation", "recovery_plan"],
    because: "finds plans that were never evaluated, or all of them when the log was lost",
  },
  {
    what: /^\s*WITH f AS \(\s*SELECT \* FROM jsonb_to_record\(\$5/,
    tables: ["recovery_plan"],
    because: "the end of a run: all plans of a pair that has changed, which none has at that moment",
  },
  {
    what: /^WITH run AS \(\s*SELECT r\.\*, coalesce\(r\.plan_id, t\.target_id/,
    tables: ["protected_vm", "protection_group", "recovery", "recovery_plan", "virtual_machine"],
    because: "a report may be about all plans and any dates; it is made by a job, one at a time",
  },
  {
    what: /FROM virtual_machine v\s+WHERE v\.missing_since IS NULL AND NOT EXISTS \(SELECT FROM protected_vm/,
    tables: ["protected_vm", "virtual_machine"],
    because: "a report counts the VMs that nothing protects",
  },
  {
    what: /^DELETE FROM vm_dependency d USING virtual_machine v WHERE v\.site_id/,
    tables: ["vm_dependency"],
    because: "a site is removed with all its machines",
  },
];
