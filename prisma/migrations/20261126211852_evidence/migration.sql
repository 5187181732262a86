-- CreateEnum
CREATE TYPE "AuditLinkPart" AS ENUM ('BEGUN', 'COMPLETED');

-- AlterTable
ALTER TABLE "audit_record" ADD COLUMN     "target_made" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "event" ADD COLUMN     "hash" BYTEA;

-- AlterTable
ALTER TABLE "event_counter" ADD COLUMN     "removed_count" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "removed_hash" BYTEA,
ADD COLUMN     "removed_position" BIGINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "audit_link" (
    "position" BIGINT NOT NULL,
    "record_id" UUID NOT NULL,
    "part" "AuditLinkPart" NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_link_pkey" PRIMARY KEY ("position")
);

-- CreateTable
CREATE TABLE "audit_counter" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "value" BIGINT NOT NULL DEFAULT 0,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_counter_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "audit_link_record_id_part_key" ON "audit_link"("record_id", "part");

-- A chain's hash is the SHA-256 of 128 characters: the hash before it and the SHA-256 of the line, both as hexadecimal digits.
CREATE FUNCTION dr_link(previous bytea, line text) RETURNS bytea LANGUAGE sql STABLE AS
  $$ SELECT sha256(convert_to(encode(previous, 'hex') || encode(sha256(convert_to(line, 'UTF8')), 'hex'), 'UTF8')) $$;

-- What the next event of a recovery (null: of none) follows. Volatile, so that it sees what was committed before the counter was taken,
-- also when the statement that asks began earlier.
CREATE FUNCTION dr_event_hash(recovery uuid) RETURNS bytea LANGUAGE plpgsql VOLATILE AS $$
DECLARE newest bytea;
BEGIN
  IF recovery IS NULL THEN
    SELECT e.hash INTO newest FROM event e WHERE e.recovery_id IS NULL ORDER BY e.position DESC LIMIT 1;
    IF NOT FOUND THEN
      SELECT c.removed_hash INTO newest FROM event_counter c WHERE c.id = 1;
    END IF;
  ELSE
    SELECT e.hash INTO newest FROM event e WHERE e.recovery_id = recovery ORDER BY e.sequence DESC LIMIT 1;
  END IF;
  RETURN coalesce(newest, decode(repeat('00', 32), 'hex'));
END $$;

CREATE FUNCTION dr_event_chain_next(state bytea, recovery uuid, line text) RETURNS bytea LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF state IS NULL THEN
    state := dr_event_hash(recovery);
  END IF;
  RETURN sha256(convert_to(encode(state, 'hex') || encode(sha256(convert_to(line, 'UTF8')), 'hex'), 'UTF8'));
END $$;

-- Over new events of one chain in their order: the hash of each.
CREATE AGGREGATE dr_event_chain(uuid, text) (SFUNC = dr_event_chain_next, STYPE = bytea);

ALTER TABLE "event" ADD CONSTRAINT "event_hash_length" CHECK (octet_length("hash") = 32);
ALTER TABLE "event_counter" ADD CONSTRAINT "event_counter_removed" CHECK ("removed_position" BETWEEN 0 AND "kept_after" AND "removed_count" BETWEEN 0 AND "value");
ALTER TABLE "event_counter" ADD CONSTRAINT "event_counter_removed_hash_length" CHECK (octet_length("removed_hash") = 32);
ALTER TABLE "audit_link" ADD CONSTRAINT "audit_link_position" CHECK ("position" >= 1);
ALTER TABLE "audit_link" ADD CONSTRAINT "audit_link_hash_length" CHECK (octet_length("hash") = 32);
ALTER TABLE "audit_counter" ADD CONSTRAINT "audit_counter_one_row" CHECK ("id" = 1);
ALTER TABLE "audit_counter" ADD CONSTRAINT "audit_counter_not_negative" CHECK ("value" >= 0);
ALTER TABLE "audit_counter" ADD CONSTRAINT "audit_counter_hash_length" CHECK (octet_length("hash") = 32);
ALTER TABLE "audit_counter" SET (fillfactor = 10);

-- The chains begin with what is there. Nobody vouches for the time before.
WITH chained AS (
  SELECT e.position, dr_event_chain(e.recovery_id, '{"position": ' || e.position || ', "recovery": ' || coalesce('"' || e.recovery_id || '"', 'null')
    || ', "sequence": ' || coalesce(e.sequence::text, 'null') || ', "kind": ' || to_json(e.kind)
    || ', "occurredAt": "' || trim('"' FROM to_json(e.occurred_at AT TIME ZONE 'UTC')::text) || 'Z", "version": ' || e.version
    || ', "payload": ' || e.payload || '}') OVER (PARTITION BY e.recovery_id ORDER BY e.position) AS hash
  FROM event e
)
UPDATE event SET hash = chained.hash FROM chained WHERE event.position = chained.position;

UPDATE event_counter SET removed_count = value - (SELECT count(*) FROM event),
  removed_position = LEAST(kept_after, (SELECT coalesce(min(position) - 1, value) FROM event WHERE recovery_id IS NULL))
WHERE value > (SELECT count(*) FROM event);

INSERT INTO audit_counter (id, value, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

DO $$
DECLARE
  part record;
  newest bytea := decode(repeat('00', 32), 'hex');
  number bigint := 0;
BEGIN
  FOR part IN
    SELECT a.id, 'BEGUN'::"AuditLinkPart" AS part, a.occurred_at AS at,
      '{"part": "BEGUN", "record": "' || a.id || '", "occurredAt": "' || trim('"' FROM to_json(a.occurred_at AT TIME ZONE 'UTC')::text) || 'Z", "userId": '
      || coalesce('"' || a.user_id || '"', 'null') || ', "userName": ' || to_json(a.user_name) || ', "operation": ' || to_json(a.operation)
      || ', "targetType": ' || coalesce(to_json(a.target_type)::text, 'null') || ', "targetId": ' || coalesce(to_json(a.target_id)::text, 'null')
      || ', "requestId": ' || to_json(a.request_id) || '}' AS line
    FROM audit_record a
    UNION ALL
    SELECT a.id, 'COMPLETED', a.completed_at,
      '{"part": "COMPLETED", "record": "' || a.id || '", "completedAt": "' || trim('"' FROM to_json(a.completed_at AT TIME ZONE 'UTC')::text)
      || 'Z", "outcome": ' || to_json(a.outcome) || ', "message": ' || coalesce(to_json(a.message)::text, 'null')
      || ', "targetMade": false, "targetType": null, "targetId": null}'
    FROM audit_record a WHERE a.outcome IS NOT NULL
    ORDER BY 3, 2, 1
  LOOP
    number := number + 1;
    newest := dr_link(newest, part.line);
    INSERT INTO audit_link (position, record_id, part, hash) VALUES (number, part.id, part.part, newest);
  END LOOP;
  UPDATE audit_counter SET value = number, hash = newest;
END $$;
