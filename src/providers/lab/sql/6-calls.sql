-- What a provider calls: each is one statement, so one transaction, and asks for faults first (p_gate false: it has passed them).

CREATE OR REPLACE FUNCTION lab.vm_names(p_ids jsonb) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY(SELECT t FROM lab.vm v, unnest(ARRAY[v.name, v.id]) t WHERE p_ids ? v.id ORDER BY v.name, t)
$$;

-- What an effect acts on: first the name that stays the same from run to run, then other names and ids that a fault may aim at.
CREATE OR REPLACE FUNCTION lab.targets(p_kind text, r jsonb) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  found_ text[];
BEGIN
  CASE p_kind
    WHEN 'protectGroup' THEN found_ := ARRAY[r ->> 'name', r ->> 'groupId'] || lab.vm_names(r -> 'sourceVmIds');
    WHEN 'reverseGroup' THEN
      found_ := ARRAY[r ->> 'name', r ->> 'groupId'] || lab.vm_names(jsonb_path_query_array(r, '$.members[*].*'));
    WHEN 'fenceVms' THEN found_ := lab.vm_names(r -> 'vmIds');
    WHEN 'addToGroup', 'removeFromGroup', 'setStorageReadOnly' THEN
      SELECT ARRAY[name, id] || lab.vm_names(r -> 'sourceVmIds') INTO found_ FROM lab.replica_group WHERE id = r ->> 'groupId';
    WHEN 'createPlaceholder' THEN found_ := (r ->> 'name') || lab.vm_names(jsonb_build_array(r -> 'sourceVmId'));
    WHEN 'synchronise', 'createSnapshot', 'changeStorage', 'unprotectGroup', 'promote', 'discardPoint' THEN
      SELECT ARRAY[name, id, r ->> 'name'] INTO found_ FROM lab.replica_group WHERE id = r ->> 'groupId';
    WHEN 'discardSnapshot' THEN
      SELECT ARRAY[g.name, g.id, s.name, s.id] INTO found_
      FROM lab.snapshot s JOIN lab.replica_group g ON g.id = s.group_id WHERE s.id = r ->> 'snapshotId';
    WHEN 'removeNetwork' THEN SELECT ARRAY[name, id] INTO found_ FROM lab.network WHERE id = r ->> 'networkId';
    WHEN 'registerVm' THEN found_ := ARRAY[r ->> 'name', r ->> 'sourceVmId', r ->> 'placeholderId'];
    WHEN 'restorePlaceholder', 'removePlaceholder' THEN
      SELECT ARRAY[p.name, p.id, v.name, v.id] INTO found_
      FROM lab.placeholder p JOIN lab.vm v ON v.id = p.source_vm_id WHERE p.id = r ->> 'placeholderId';
    WHEN 'createIsolatedNetwork' THEN found_ := ARRAY[r ->> 'name'];
    ELSE SELECT ARRAY[name, id, source_vm_id] INTO found_ FROM lab.vm WHERE id = r ->> 'vmId';
  END CASE;
  RETURN coalesce(found_, ARRAY(SELECT value FROM jsonb_each_text(r) WHERE key LIKE '%Id' ORDER BY key));
END $$;

CREATE OR REPLACE FUNCTION lab.take_on(p_site text, p_kind text, r jsonb, p_targets text[], p_run text, p_now timestamptz)
RETURNS lab.outcome LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE p_kind
    WHEN 'synchronise' THEN lab.synchronise(p_site, r, p_targets, p_now)
    WHEN 'createSnapshot' THEN lab.create_snapshot(p_site, r, p_targets, p_run, p_now)
    WHEN 'discardSnapshot' THEN lab.discard_snapshot(p_site, r, p_targets, p_now)
    WHEN 'createIsolatedNetwork' THEN lab.create_network(p_site, r, p_targets, p_run, p_now)
    WHEN 'removeNetwork' THEN lab.remove_network(p_site, r, p_targets, p_now)
    WHEN 'registerVm' THEN lab.register_vm(p_site, r, p_targets, p_run, p_now)
    WHEN 'restorePlaceholder' THEN lab.restore_placeholder(p_site, r, p_targets, p_now)
    WHEN 'protectGroup' THEN lab.protect_group(p_site, p_kind, r, p_targets, p_now)
    WHEN 'changeStorage' THEN lab.change_storage(p_site, r, p_targets, p_now)
    WHEN 'addToGroup' THEN lab.add_to_group(p_site, r, p_targets, p_now)
    WHEN 'removeFromGroup' THEN lab.remove_from_group(p_site, r, p_targets, p_now)
    WHEN 'unprotectGroup' THEN lab.unprotect_group(p_site, r, p_targets, p_now)
    WHEN 'promote' THEN lab.promote(p_site, r, p_targets, p_run, p_now)
    WHEN 'setStorageReadOnly' THEN lab.set_storage_read_only(p_site, r, p_targets, p_now)
    WHEN 'discardPoint' THEN lab.discard_point(p_site, r, p_targets, p_now)
    WHEN 'reverseGroup' THEN lab.reverse_group(p_site, r, p_targets, p_now)
    WHEN 'fenceVms' THEN lab.fence_vms(p_site, r, p_targets, p_now)
    WHEN 'createPlaceholder' THEN lab.create_placeholder(p_site, r, p_targets, p_run, p_now)
    WHEN 'removePlaceholder' THEN lab.remove_placeholder(p_site, r, p_targets, p_now)
    ELSE lab.change_vm(p_site, p_kind, r, p_targets, p_now)
  END;
END $$;

-- A fault that lets an effect be taken on and fail at its end.
CREATE OR REPLACE FUNCTION lab.failing_at_end(p_site text, p_kind text, p_targets text[]) RETURNS lab.fault LANGUAGE sql AS $$
  UPDATE lab.fault SET remaining = remaining - 1, arrived = arrived + 1
  WHERE id = (SELECT id FROM lab.fault WHERE action = 'FAIL_AT_END' AND (site_id IS NULL OR site_id = p_site)
    AND (kind IS NULL OR kind = p_kind) AND (target IS NULL OR target = ANY (p_targets))
    AND (remaining IS NULL OR remaining > 0) ORDER BY id LIMIT 1 FOR UPDATE)
  RETURNING *
$$;

CREATE OR REPLACE FUNCTION lab.order_effect(
  p_site text, p_kind text, r jsonb, p_key text, p_run text, p_epoch bigint, p_gate boolean
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  targets text[] := lab.targets(p_kind, r);
  fault lab.fault;
  failing lab.fault;
  refusal jsonb;
  o lab.operation;
  done lab.outcome;
  now_ timestamptz;
BEGIN
  IF p_gate THEN fault := lab.gate(p_site, p_kind, targets); END IF;
  IF lab.hit(fault) IS NOT NULL THEN RETURN lab.hit(fault); END IF;
  refusal := lab.fence(p_site, p_run, p_epoch, true);
  IF refusal IS NOT NULL THEN RETURN refusal; END IF;

  -- Orders with the same key come one after the other.
  PERFORM pg_advisory_xact_lock(hashtextextended(p_site || '/' || p_key, 0));
  now_ := lab.now();
  SELECT * INTO o FROM lab.operation WHERE site_id = p_site AND key = p_key;
  IF FOUND THEN
    IF o.kind <> p_kind OR o.request <> r OR o.run_id <> p_run THEN
      RETURN lab.refusal('KEY_REUSED', format('The key %s stands for another request.', p_key));
    END IF;
    RETURN lab.answered(fault, lab.state_of(o, now_));
  END IF;

  failing := lab.failing_at_end(p_site, p_kind, targets);
  IF failing.id IS NULL THEN
    done := lab.take_on(p_site, p_kind, r, targets, p_run, now_);
    IF done.code IS NOT NULL THEN RETURN lab.refusal(done.code, done.message, done.failure); END IF;
  ELSE
    done := lab.taken_on(NULL, now_ + lab.duration(p_site, p_kind, targets), false);
  END IF;
  INSERT INTO lab.operation (site_id, key, run_id, kind, request, ordered_at, completes_at, result, failure, code, message, target)
  VALUES (p_site, p_key, p_run, p_kind, r, now_, greatest(now_, done.completes_at), done.result, failing.failure, failing.code, failing.message,
    CASE WHEN done.changes THEN targets[1] END) RETURNING * INTO o;
  RETURN lab.answered(fault, lab.state_of(o, now_));
END $$;

CREATE OR REPLACE FUNCTION lab.observe(p_site text, p_keys text[], p_run text, p_epoch bigint, p_gate boolean) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  fault lab.fault;
  refusal jsonb;
  now_ timestamptz;
BEGIN
  IF p_gate THEN fault := lab.gate(p_site, 'observe', p_keys); END IF;
  IF lab.hit(fault) IS NOT NULL THEN RETURN lab.hit(fault); END IF;
  refusal := lab.fence(p_site, p_run, p_epoch, false);
  IF refusal IS NOT NULL THEN RETURN refusal; END IF;
  now_ := lab.now();
  -- SELECT p_keys: a list that the planner sees is planned for anew each time.
  RETURN lab.answered(fault, (SELECT coalesce(jsonb_object_agg(o.key, lab.state_of(o, now_)), '{}')
    FROM lab.operation o WHERE o.site_id = p_site AND o.key = ANY ((SELECT p_keys)::text[])));
END $$;

-- Copies and guest programs can be stopped; everything else runs out.
CREATE OR REPLACE FUNCTION lab.cancel(p_site text, p_key text, p_run text, p_epoch bigint, p_gate boolean) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  fault lab.fault;
  refusal jsonb;
  o lab.operation;
  now_ timestamptz;
BEGIN
  IF p_gate THEN fault := lab.gate(p_site, 'cancel', ARRAY[p_key]); END IF;
  IF lab.hit(fault) IS NOT NULL THEN RETURN lab.hit(fault); END IF;
  refusal := lab.fence(p_site, p_run, p_epoch, true);
  IF refusal IS NOT NULL THEN RETURN refusal; END IF;
  SELECT * INTO o FROM lab.operation WHERE site_id = p_site AND key = p_key AND run_id = p_run FOR UPDATE;
  now_ := lab.now();
  IF o.completes_at > now_ AND o.failure IS NULL AND o.kind IN ('synchronise', 'createSnapshot', 'runInGuest') THEN
    UPDATE lab.operation SET completes_at = now_, result = NULL, failure = 'PERMANENT', code = 'CANCELLED', message = 'It was cancelled.', target = NULL
    WHERE site_id = p_site AND key = p_key;
    DELETE FROM lab.point WHERE id = o.result ->> 'pointId';
    DELETE FROM lab.snapshot WHERE id = o.result ->> 'snapshotId';
  END IF;
  RETURN lab.answered(fault, NULL);
END $$;
