-- Replication back to where the VMs once were.

-- What the former VM's disk holds; null: it has none any more, so all is copied.
CREATE OR REPLACE FUNCTION lab.seed_of(p_former text, p_now timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT lab.content_at(v, p_now) FROM lab.vm v WHERE v.id = p_former AND (v.removed_at IS NULL OR v.demoted) $$;

CREATE OR REPLACE FUNCTION lab.reverse_group(p_site text, r jsonb, p_targets text[], p_now timestamptz) RETURNS lab.outcome
LANGUAGE plpgsql AS $$
DECLARE
  found_ text;
  done lab.outcome;
  formers jsonb := jsonb_path_query_array(r, '$.members[*].formerVmId');
BEGIN
  PERFORM FROM lab.vm WHERE id IN (SELECT jsonb_array_elements_text(formers)) ORDER BY id FOR UPDATE;
  SELECT former INTO found_ FROM jsonb_array_elements_text(formers) former
  WHERE NOT EXISTS (SELECT FROM lab.vm v WHERE v.id = former AND v.site_id = p_site) LIMIT 1;
  IF FOUND THEN RETURN lab.refused('NOT_FOUND', format('There never was a VM %s here.', found_)); END IF;
  SELECT v.name INTO found_ FROM lab.vm v WHERE formers ? v.id AND v.removed_at IS NULL
    AND v.on_at IS NOT NULL AND (v.off_at IS NULL OR v.off_at > p_now) LIMIT 1;
  IF FOUND THEN RETURN lab.refused('REFUSED', format('VM %s is on.', found_)); END IF;
  done := lab.protect_group(p_site, 'reverseGroup',
    r || jsonb_build_object('sourceVmIds', jsonb_path_query_array(r, '$.members[*].sourceVmId')), p_targets, p_now);
  IF done.changes THEN
    UPDATE lab.group_vm m SET former_vm_id = x."formerVmId", seed = lab.seed_of(x."formerVmId", p_now)
    FROM jsonb_to_recordset(r -> 'members') x ("sourceVmId" text, "formerVmId" text)
    WHERE m.group_id = r ->> 'groupId' AND m.vm_id = x."sourceVmId";
  END IF;
  RETURN done;
END $$;
