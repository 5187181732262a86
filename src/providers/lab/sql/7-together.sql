-- Questions of many runs and sites that come while others are being answered, as one statement.

-- Arrays of what the function of the kind takes in, replies in the same order out. Null: something shall go wrong at the sites, which hits calls
-- one by one, so they have to come one by one. An error of one of them is everybody's: then too.
CREATE OR REPLACE FUNCTION lab.answer_together(p_kind text, p_questions jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  q jsonb;
  replies jsonb[] := '{}';
BEGIN
  IF EXISTS (SELECT FROM lab.fault) THEN RETURN NULL; END IF;
  FOR q IN SELECT e FROM jsonb_array_elements(p_questions) WITH ORDINALITY AS given (e, position) ORDER BY position LOOP
    replies := replies || CASE p_kind
      WHEN 'vmStatus' THEN lab.vm_status(q ->> 0, ARRAY(SELECT jsonb_array_elements_text(q -> 1)), false)
      WHEN 'observe' THEN lab.observe(q ->> 0, ARRAY(SELECT jsonb_array_elements_text(q -> 1)), q ->> 2, (q ->> 3)::bigint, false)
      WHEN 'heartbeat' THEN lab.heartbeat(q ->> 0, q ->> 1, false)
    END;
  END LOOP;
  RETURN to_jsonb(replies);
END $$;
