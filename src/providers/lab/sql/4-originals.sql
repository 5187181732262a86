-- Effects on the VMs that a recovery leaves behind: they are shut down or fenced, and become placeholders of what they were recovered to.

CREATE OR REPLACE FUNCTION lab.guest_answers(v lab.vm, p_now timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT lab.is_on(v, p_now) AND v.booted_at <= p_now AND NOT EXISTS (SELECT FROM lab.fault f
    WHERE f.action = 'NO_HEARTBEAT' AND (f.site_id IS NULL OR f.site_id = v.site_id) AND f.target IN (v.id, v.name))
$$;

-- A guest that does not answer, or needs longer than it may take, is powered off when its time is over.
CREATE OR REPLACE FUNCTION lab.shut_down_vm(p_site text, v lab.vm, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  speed double precision := (SELECT nullif(s.speed, 0) FROM lab.settings s);
  limit_ double precision := (r ->> 'guestTimeoutSeconds')::double precision;
  guest interval := lab.duration(p_site, 'shutDownVm', p_targets);
  forced boolean;
BEGIN
  IF v.on_at IS NULL OR v.off_at IS NOT NULL THEN
    RETURN lab.taken_on(jsonb_build_object('forced', false), greatest(p_now, v.off_at), false);
  END IF;
  -- A latency that a fault sets is in real time.
  forced := limit_ = 0 OR NOT lab.guest_answers(v, p_now) OR guest > limit_ / coalesce(speed, 1) * interval '1 second';
  IF forced THEN
    guest := coalesce(limit_ / speed, 0) * interval '1 second' + lab.duration(p_site, 'powerOff', p_targets);
  END IF;
  -- One that is still being powered on goes on first.
  v.off_at := greatest(p_now, v.on_at) + guest;
  UPDATE lab.vm SET off_at = v.off_at WHERE id = v.id;
  RETURN lab.taken_on(jsonb_build_object('forced', forced), v.off_at);
END $$;

CREATE OR REPLACE FUNCTION lab.fence_vms(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  done timestamptz := p_now + lab.duration(p_site, 'fenceVms', p_targets);
  fenced jsonb;
BEGIN
  PERFORM FROM lab.vm WHERE id IN (SELECT jsonb_array_elements_text(r -> 'vmIds')) ORDER BY id FOR UPDATE;
  -- One that was to come up later never does.
  WITH off AS (
    UPDATE lab.vm SET off_at = greatest(done, on_at) WHERE r -> 'vmIds' ? id AND site_id = p_site AND removed_at IS NULL
      AND on_at IS NOT NULL AND (off_at IS NULL OR off_at > done) RETURNING id
  )
  SELECT coalesce(jsonb_agg(id ORDER BY id), '[]') INTO fenced FROM off;
  RETURN lab.taken_on(jsonb_build_object('poweredOff', fenced), CASE WHEN fenced = '[]' THEN p_now ELSE done END, fenced <> '[]');
END $$;

-- Why a VM can't become a placeholder; code null: it can.
CREATE OR REPLACE FUNCTION lab.check_demotion(p_site text, v lab.vm, r jsonb, p_now timestamptz) RETURNS lab.outcome LANGUAGE plpgsql AS $$
DECLARE
  found_ text;
BEGIN
  IF v.run_id IS NOT NULL THEN RETURN lab.refused('REFUSED', format('VM %s is a test''s.', v.name)); END IF;
  IF v.on_at IS NOT NULL AND (v.off_at IS NULL OR v.off_at > p_now) THEN RETURN lab.refused('REFUSED', format('VM %s is on.', v.name)); END IF;
  IF NOT EXISTS (SELECT FROM lab.vm WHERE id = r ->> 'sourceVmId' AND run_id IS NULL AND site_id <> p_site) THEN
    RETURN lab.refused('NOT_FOUND', format('There is no VM %s that a placeholder could stand for.', r ->> 'sourceVmId'));
  END IF;
  SELECT g.name INTO found_ FROM lab.group_vm m JOIN lab.replica_group g ON g.id = m.group_id
  WHERE m.vm_id = v.id AND g.promoted_to IS NULL LIMIT 1;
  IF FOUND THEN RETURN lab.refused('REFUSED', format('VM %s is replicated by the group %s.', v.name, found_)); END IF;
  SELECT name INTO found_ FROM lab.placeholder WHERE site_id = p_site AND source_vm_id = r ->> 'sourceVmId' AND removed_at IS NULL LIMIT 1;
  IF FOUND THEN RETURN lab.refused('REFUSED', format('Placeholder %s stands for VM %s already.', found_, r ->> 'sourceVmId')); END IF;
  -- Its own name is free with it.
  IF lower(r ->> 'name') <> lower(v.name) AND EXISTS (SELECT FROM lab.name_taken(p_site, r ->> 'name', NULL, p_now)) THEN
    RETURN lab.refused('REFUSED', format('A VM named %s exists here already.', r ->> 'name'));
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION lab.demote_vm(p_site text, v lab.vm, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  refusal lab.outcome;
  placeholder text;
  done timestamptz := p_now + lab.duration(p_site, 'demoteVm', p_targets);
BEGIN
  SELECT id INTO placeholder FROM lab.placeholder WHERE former_vm_id = v.id AND source_vm_id = r ->> 'sourceVmId';
  IF FOUND THEN RETURN lab.taken_on(jsonb_build_object('placeholderId', placeholder), greatest(p_now, v.removed_at), false); END IF;
  IF v.removed_at IS NOT NULL THEN RETURN lab.refused('NOT_FOUND', format('VM %s has been removed.', v.name)); END IF;
  refusal := lab.check_demotion(p_site, v, r, p_now);
  IF refusal.code IS NOT NULL THEN RETURN refusal; END IF;
  placeholder := 'placeholder-' || gen_random_uuid();
  INSERT INTO lab.placeholder (id, site_id, name, source_vm_id, made_at, folder_id, resource_pool_id, former_vm_id)
  VALUES (placeholder, p_site, r ->> 'name', r ->> 'sourceVmId', done, v.folder_id, v.resource_pool_id, v.id);
  UPDATE lab.vm SET content = lab.content_at(v, p_now), on_at = NULL, booted_at = NULL, off_at = NULL, demoted = true, removed_at = done
  WHERE id = v.id;
  RETURN lab.taken_on(jsonb_build_object('placeholderId', placeholder), done);
END $$;
