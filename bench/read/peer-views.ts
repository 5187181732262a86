/** What PostGraphile makes its schema of: the product's tables in the product's shape, with the relations told by smart tags. */
export const peerViews = `
  CREATE SCHEMA peers;
  CREATE VIEW peers.recovery_plan AS SELECT id, name, description, lifecycle, rto_target_seconds FROM public.recovery_plan;
  COMMENT ON VIEW peers.recovery_plan IS E'@primaryKey id';
  CREATE VIEW peers.protection_group AS SELECT g.id, pg.plan_id, g.name, g.state, g.replication_type, g.rpo_minutes
    FROM public.plan_protection_group pg JOIN public.protection_group g ON g.id = pg.group_id;
  COMMENT ON VIEW peers.protection_group IS E'@primaryKey id\\n@foreignKey (plan_id) references recovery_plan (id)|@foreignFieldName protectionGroups';
  CREATE VIEW peers.virtual_machine AS SELECT v.id, m.group_id, v.name, v.power_state, v.cpu_count, v.memory_mb
    FROM public.protected_vm m JOIN public.virtual_machine v ON v.id = m.vm_id;
  COMMENT ON VIEW peers.virtual_machine IS E'@primaryKey id\\n@foreignKey (group_id) references protection_group (id)|@foreignFieldName vms';
`;
