-- Effects on placeholders: made with a VM's protection and removed with it, restored after a test.

-- Why a placeholder can't stand under this name and in this place; code null: it can.
CREATE OR REPLACE FUNCTION lab.check_placeholder(p_site text, r jsonb, p_own text, p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM lab.vm WHERE id = r ->> 'sourceVmId' AND run_id IS NULL) THEN
    RETURN lab.refused('NOT_FOUND', format('There is no VM %s that a placeholder could stand for.', r ->> 'sourceVmId'));
  END IF;
  IF EXISTS (SELECT FROM lab.name_taken(p_site, r ->> 'name', p_own, p_now)) THEN
    RETURN lab.refused('REFUSED', format('A VM named %s exists here already.', r ->> 'name'));
  END IF;
  RETURN lab.check_place(p_site, r);
END $$;

CREATE OR REPLACE FUNCTION lab.create_placeholder(p_site text, r jsonb, p_targets text[], p_run text, p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  ph lab.placeholder;
  refusal lab.outcome;
  done timestamptz := p_now + lab.duration(p_site, 'createPlaceholder', p_targets);
BEGIN
  -- Two that are made at once under one name come one after the other.
  PERFORM pg_advisory_xact_lock(hashtextextended(p_site || '/name/' || lower(r ->> 'name'), 0));
  SELECT * INTO ph FROM lab.placeholder WHERE site_id = p_site AND source_vm_id = r ->> 'sourceVmId' AND removed_at IS NULL FOR UPDATE;
  refusal := lab.check_placeholder(p_site, r, ph.id, p_now);
  IF refusal.code IS NOT NULL THEN RETURN refusal; END IF;
  IF ph.id IS NULL THEN
    ph.id := 'placeholder-' || gen_random_uuid();
    INSERT INTO lab.placeholder (id, site_id, name, source_vm_id, made_by, made_at, folder_id, resource_pool_id)
    VALUES (ph.id, p_site, r ->> 'name', r ->> 'sourceVmId', p_run, done, r ->> 'folderId', r ->> 'resourcePoolId');
    RETURN lab.taken_on(jsonb_build_object('placeholderId', ph.id), done);
  END IF;
  IF ph.run_id IS NOT NULL AND (ph.released_at IS NULL OR ph.released_at > p_now) THEN
    RETURN lab.refused('REFUSED', format('Placeholder %s is in use by run %s.', ph.name, ph.run_id));
  END IF;
  IF ROW(ph.name, ph.folder_id, ph.resource_pool_id) IS NOT DISTINCT FROM ROW(r ->> 'name', r ->> 'folderId', r ->> 'resourcePoolId') THEN
    RETURN lab.taken_on(jsonb_build_object('placeholderId', ph.id), greatest(p_now, ph.made_at), false);
  END IF;
  UPDATE lab.placeholder SET name = r ->> 'name', folder_id = r ->> 'folderId', resource_pool_id = r ->> 'resourcePoolId' WHERE id = ph.id;
  RETURN lab.taken_on(jsonb_build_object('placeholderId', ph.id), done);
END $$;

CREATE OR REPLACE FUNCTION lab.remove_placeholder(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  ph lab.placeholder;
BEGIN
  SELECT * INTO ph FROM lab.placeholder WHERE id = r ->> 'placeholderId' AND site_id = p_site FOR UPDATE;
  IF NOT FOUND OR ph.removed_at IS NOT NULL THEN RETURN lab.taken_on('{}', coalesce(ph.removed_at, p_now), false); END IF;
  IF ph.run_id IS NOT NULL AND (ph.released_at IS NULL OR ph.released_at > p_now) THEN
    RETURN lab.refused('REFUSED', format('Placeholder %s is in use by run %s.', ph.name, ph.run_id));
  END IF;
  ph.removed_at := greatest(p_now, ph.made_at) + lab.duration(p_site, 'removePlaceholder', p_targets);
  UPDATE lab.placeholder SET removed_at = ph.removed_at WHERE id = ph.id;
  RETURN lab.taken_on('{}', ph.removed_at);
END $$;

CREATE OR REPLACE FUNCTION lab.restore_placeholder(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  ph lab.placeholder;
  in_place text;
BEGIN
  SELECT * INTO ph FROM lab.placeholder WHERE id = r ->> 'placeholderId' AND site_id = p_site FOR UPDATE;
  IF NOT FOUND THEN RETURN lab.refused('NOT_FOUND', format('There is no placeholder %s here.', r ->> 'placeholderId')); END IF;
  IF ph.run_id IS NULL OR ph.released_at IS NOT NULL THEN
    RETURN lab.taken_on('{}', coalesce(ph.released_at, p_now), false);
  END IF;
  SELECT name INTO in_place FROM lab.vm WHERE id = ph.vm_id AND (removed_at IS NULL OR removed_at > p_now);
  IF FOUND THEN RETURN lab.refused('REFUSED', format('VM %s still stands in place of %s.', in_place, ph.name)); END IF;
  ph.released_at := p_now + lab.duration(p_site, 'restorePlaceholder', p_targets);
  UPDATE lab.placeholder SET released_at = ph.released_at WHERE id = ph.id;
  RETURN lab.taken_on('{}', ph.released_at);
END $$;
