-- The few steps of a run that tell of a group's recovery points: each replication cycle asks for those of its group, and a run may have 100,000 others.
CREATE INDEX "recovery_step_points" ON "recovery_step" ("run_id", "group_id") WHERE "kind" IN ('SYNCHRONISE', 'CREATE_SNAPSHOT', 'PROMOTE_STORAGE');
