-- Many orders of one owner at one site, as one statement: what every order costs by itself is done once.

-- [{ key, kind, request }] in, replies in the same order out. Null: something shall go wrong at the sites, which hits calls one by one, so
-- they have to come one by one; or one of them is there twice. An error of one of them is everybody's, and nothing has happened: then too they come one by one.
CREATE OR REPLACE FUNCTION lab.order_effects(p_site text, p_run text, p_epoch bigint, p_orders jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  refusal jsonb;
  now_ timestamptz;
  x record;
  targets text[];
  done lab.outcome;
  o lab.operation;
  replies jsonb[] := '{}';
  reply jsonb;
  operations lab.operation[] := '{}';
  changes lab.operation[] := '{}';
  changed_targets text[] := '{}';
  effective timestamptz[] := '{}';
  plain lab.plain[];
  taken lab.plain;
BEGIN
  IF EXISTS (SELECT FROM lab.fault) OR (SELECT count(DISTINCT e ->> 'key') < count(*) FROM jsonb_array_elements(p_orders) e) THEN RETURN NULL; END IF;
  refusal := lab.fence(p_site, p_run, p_epoch, true);
  IF refusal IS NOT NULL THEN RETURN (SELECT jsonb_agg(refusal) FROM jsonb_array_elements(p_orders)); END IF;

  -- Orders with the same key come one after the other.
  PERFORM pg_advisory_xact_lock(k.hash) FROM (
    SELECT DISTINCT hashtextextended(p_site || '/' || (e ->> 'key'), 0) AS hash FROM jsonb_array_elements(p_orders) e ORDER BY hash) k;
  now_ := lab.now();
  plain := ARRAY(SELECT p FROM lab.take_on_plainly(p_site, p_orders, p_run, now_) p);
  FOR x IN
    SELECT e ->> 'key' AS key, e ->> 'kind' AS kind, e -> 'request' AS request, known, (SELECT t FROM unnest(plain) t WHERE t.position = given.position) AS taken
    FROM jsonb_array_elements(p_orders) WITH ORDINALITY AS given (e, position)
      -- OFFSET: each is looked up by its key; joined, all operations of the site would be read for a few.
      LEFT JOIN LATERAL (SELECT b AS known FROM lab.operation b WHERE b.site_id = p_site AND b.key = e ->> 'key' OFFSET 0) AS before ON true
    ORDER BY given.position
  LOOP
    o := x.known;
    IF o.key IS NOT NULL THEN
      reply := CASE WHEN o.kind = x.kind AND o.request = x.request AND o.run_id = p_run THEN lab.plainly_answered(o, now_)
        ELSE lab.refusal('KEY_REUSED', format('The key %s stands for another request.', x.key)) END;
    ELSE
      taken := x.taken;
      IF taken.position IS NOT NULL THEN
        targets := ARRAY[taken.target];
        done := lab.taken_on(taken.result, taken.completes_at);
      ELSE
        targets := lab.targets(x.kind, x.request);
        done := lab.take_on(p_site, x.kind, x.request, targets, p_run, now_);
      END IF;
      IF done.code IS NOT NULL THEN
        reply := lab.refusal(done.code, done.message, done.failure);
      ELSE
        o := (p_site, x.key, p_run, x.kind, x.request, now_, greatest(now_, done.completes_at), done.result, NULL, NULL, NULL)::lab.operation;
        reply := lab.plainly_answered(o, now_);
        operations := operations || o;
        IF done.changes THEN
          changes := changes || o;
          changed_targets := changed_targets || targets[1];
          effective := effective || done.completes_at;
        END IF;
      END IF;
    END IF;
    replies := replies || reply;
  END LOOP;
  INSERT INTO lab.operation SELECT * FROM unnest(operations);
  INSERT INTO lab.ledger (site_id, key, run_id, kind, target, ordered_at, effective_at)
  SELECT c.site_id, c.key, c.run_id, c.kind, c.target, c.ordered_at, c.effective_at FROM ROWS FROM (unnest(changes), unnest(changed_targets), unnest(effective))
    WITH ORDINALITY AS c (site_id, key, run_id, kind, request, ordered_at, completes_at, result, failure, code, message, target, effective_at, position)
  ORDER BY c.position;
  RETURN to_jsonb(replies);
END $$;

-- How far it is, as an answer that no fault holds.
CREATE OR REPLACE FUNCTION lab.plainly_answered(o lab.operation, p_now timestamptz) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF o.completes_at <= p_now AND o.failure IS NULL THEN
    RETURN jsonb_build_object('kind', 'ANSWER', 'answer', jsonb_build_object('state', 'SUCCEEDED', 'result', o.result), 'heldBy', NULL);
  END IF;
  RETURN lab.answered(NULL, lab.state_of(o, p_now));
END $$;
