-- Many orders of one owner at one site, as one statement: what every order costs by itself is done once.

-- [{ key, kind, request }] in, replies in the same order out. Null: something shall go wrong at the sites, which hits calls one by one, so
-- they have to come one by one; or one of them is there twice. An error of one of them is everybody's, and nothing has happened: then too they come one by one.
CREATE OR REPLACE FUNCTION lab.order_effects(p_site text, p_run text, p_epoch bigint, p_orders jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  refusal jsonb;
  now_ timestamptz;
  -- Positions of those whose keys stand for something already.
  known bigint[];
  taken lab.taken[];
  targets text[];
  x record;
BEGIN
  IF EXISTS (SELECT FROM lab.fault) OR (SELECT count(DISTINCT g.key) < count(*) FROM lab.orders_given(p_orders) g) THEN RETURN NULL; END IF;
  refusal := lab.fence(p_site, p_run, p_epoch, true);
  IF refusal IS NOT NULL THEN RETURN (SELECT jsonb_agg(refusal) FROM jsonb_array_elements(p_orders)); END IF;

  -- Orders with the same key come one after the other.
  PERFORM pg_advisory_xact_lock(k.hash) FROM (
    SELECT DISTINCT hashtextextended(p_site || '/' || g.key, 0) AS hash FROM lab.orders_given(p_orders) g ORDER BY hash) k;
  now_ := lab.now();
  -- OFFSET: each is looked up by its key; joined, all operations of the site would be read for a few.
  known := ARRAY(SELECT g.position FROM lab.orders_given(p_orders) g
    WHERE EXISTS (SELECT FROM lab.operation o WHERE o.site_id = p_site AND o.key = g.key OFFSET 0));
  taken := ARRAY(SELECT t FROM lab.take_on_plainly(p_site, p_orders, known, p_run, now_) t);
  FOR x IN
    SELECT g.position, g.kind, g.r FROM lab.orders_given(p_orders) g
    WHERE g.position <> ALL (known) AND NOT EXISTS (SELECT FROM unnest(taken) t WHERE t.position = g.position) ORDER BY g.position
  LOOP
    targets := lab.targets(x.kind, x.r);
    taken := taken || ROW(x.position, targets[1], lab.take_on(p_site, x.kind, x.r, targets, p_run, now_))::lab.taken;
  END LOOP;
  RETURN lab.note_orders(p_site, p_run, p_orders, known, taken, now_);
END $$;

-- Writes down which orders were taken on, in the order in which they were given, and tells how far each is.
CREATE OR REPLACE FUNCTION lab.note_orders(p_site text, p_run text, p_orders jsonb, p_known bigint[], p_taken lab.taken[], p_now timestamptz) RETURNS jsonb
LANGUAGE sql AS $$
  WITH given AS MATERIALIZED (
    SELECT g.*, t.target, (t.done).* FROM lab.orders_given(p_orders) g LEFT JOIN unnest(p_taken) t ON t.position = g.position
  ), noted AS (
    INSERT INTO lab.operation AS o (site_id, key, run_id, kind, request, ordered_at, completes_at, result, target)
    SELECT p_site, g.key, p_run, g.kind, g.r, p_now, greatest(p_now, g.completes_at), g.result, CASE WHEN g.changes THEN g.target END
    FROM given g WHERE g.position <> ALL (p_known) AND g.code IS NULL ORDER BY g.position
    RETURNING o.key, o AS operation
  ), standing AS (
    SELECT n.key, n.operation FROM noted n
    UNION ALL SELECT g.key, k.operation FROM given g
      CROSS JOIN LATERAL (SELECT o AS operation FROM lab.operation o WHERE o.site_id = p_site AND o.key = g.key OFFSET 0) k
    WHERE g.position = ANY (p_known)
  )
  SELECT coalesce(jsonb_agg(CASE
    WHEN g.code IS NOT NULL THEN lab.refusal(g.code, g.message, g.failure)
    WHEN (s.operation).kind = g.kind AND (s.operation).request = g.r AND (s.operation).run_id = p_run
      THEN lab.answered(NULL, lab.state_of(s.operation, p_now))
    ELSE lab.refusal('KEY_REUSED', format('The key %s stands for another request.', g.key))
  END ORDER BY g.position), '[]')
  FROM given g LEFT JOIN standing s ON s.key = g.key
$$;
