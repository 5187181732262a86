-- What the disks hold.

CREATE OR REPLACE FUNCTION lab.written(p_history text, p_to timestamptz, p_seconds numeric) RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT jsonb_build_object('history', p_history, 'to', lab.iso(p_to), 'seconds', round(p_seconds, 6)) $$;

-- A VM's disks at this moment: a VM that is on writes all the time.
CREATE OR REPLACE FUNCTION lab.content_at(v lab.vm, p_at timestamptz) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  last_ jsonb := v.content -> -1;
  until_ timestamptz := least(p_at, v.off_at);
  seconds numeric := extract(epoch FROM until_ - v.on_at);
BEGIN
  IF seconds IS NULL OR seconds <= 0 THEN RETURN v.content; END IF;
  IF last_ ->> 'history' = v.id THEN
    RETURN (v.content - -1) || lab.written(v.id, until_, (last_ ->> 'seconds')::numeric + seconds);
  END IF;
  RETURN v.content || lab.written(v.id, until_, seconds);
END $$;

-- How many seconds of writing one of two contents has and the other has not: since they parted.
CREATE OR REPLACE FUNCTION lab.seconds_apart(a jsonb, b jsonb) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  i integer := 0;
  apart numeric := 0;
BEGIN
  WHILE a -> i -> 'history' = b -> i -> 'history' AND a -> i -> 'seconds' = b -> i -> 'seconds' LOOP i := i + 1; END LOOP;
  IF a -> i -> 'history' = b -> i -> 'history' THEN
    apart := abs((a -> i ->> 'seconds')::numeric - (b -> i ->> 'seconds')::numeric);
    i := i + 1;
  END IF;
  RETURN apart + (SELECT coalesce(sum((x ->> 'seconds')::numeric), 0) FROM (
    SELECT x FROM jsonb_array_elements(a) WITH ORDINALITY y (x, n) WHERE n > i
    UNION ALL SELECT x FROM jsonb_array_elements(b) WITH ORDINALITY y (x, n) WHERE n > i) rest);
END $$;

-- For tests: null, there never was such a VM.
CREATE OR REPLACE FUNCTION lab.content(p_vm text) RETURNS jsonb LANGUAGE sql AS
$$ SELECT lab.content_at(v, least(lab.now(), v.removed_at)) FROM lab.vm v WHERE v.id = p_vm $$;

-- What a group's members hold now, and how much of it differs from what has been copied. One that is gone holds what was copied last.
CREATE OR REPLACE FUNCTION lab.members_now(g lab.replica_group, p_now timestamptz) RETURNS TABLE (vm_id text, content jsonb, bytes bigint)
LANGUAGE sql STABLE AS $$
  WITH newest AS (
    SELECT p.taken_at, p.contents FROM lab.point p WHERE p.group_id = g.id AND p.complete_at <= p_now ORDER BY p.taken_at DESC LIMIT 1
  ), member AS (
    SELECT v.id, v.disk_bytes, v.change_bytes_per_second, v.removed_at <= p_now AS gone, lab.content_at(v, p_now) AS holds,
      coalesce((SELECT n.contents -> v.id FROM newest n WHERE n.taken_at >= m.added_at), m.seed) AS copied
    FROM lab.group_vm m JOIN lab.vm v ON v.id = m.vm_id WHERE m.group_id = g.id
  )
  SELECT id, CASE WHEN gone THEN copied ELSE holds END,
    CASE WHEN gone THEN 0 WHEN copied IS NULL THEN disk_bytes
      ELSE least(disk_bytes, (change_bytes_per_second * lab.seconds_apart(copied, holds))::bigint) END
  FROM member WHERE gone IS NOT TRUE OR copied IS NOT NULL
$$;
