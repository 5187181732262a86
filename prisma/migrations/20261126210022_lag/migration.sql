-- AlterTable
ALTER TABLE "recovery_point" ADD COLUMN     "completed_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "recovery" ADD COLUMN     "notes_edited_at" TIMESTAMPTZ(3),
ADD COLUMN     "notes_edited_by" TEXT,
ADD COLUMN     "notes_version" INTEGER NOT NULL DEFAULT 1;

-- CreateTable
CREATE TABLE "group_lag" (
    "group_id" UUID NOT NULL,
    "measured_at" TIMESTAMPTZ(3) NOT NULL,
    "judged" BOOLEAN NOT NULL,
    "point_taken_at" TIMESTAMPTZ(3),

    CONSTRAINT "group_lag_pkey" PRIMARY KEY ("group_id")
);

-- CreateTable
CREATE TABLE "completed_point" (
    "group_id" UUID NOT NULL,
    "taken_at" TIMESTAMPTZ(3) NOT NULL,
    "completed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "completed_point_pkey" PRIMARY KEY ("group_id","taken_at","completed_at")
);

-- CreateTable
CREATE TABLE "lag_sample" (
    "subject_id" UUID NOT NULL,
    "step_seconds" INTEGER NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "min_lag_seconds" INTEGER NOT NULL,
    "max_lag_seconds" INTEGER NOT NULL,
    "worst_percent" INTEGER NOT NULL,
    "vm_seconds" DOUBLE PRECISION NOT NULL,
    "lag_vm_seconds" DOUBLE PRECISION NOT NULL,
    "late_vm_seconds" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "lag_sample_pkey" PRIMARY KEY ("subject_id","step_seconds","starts_at")
);

-- CreateIndex
CREATE INDEX "rpo_violation_vm_id_opened_at_idx" ON "rpo_violation"("vm_id", "opened_at");

-- CreateIndex
CREATE INDEX "rpo_violation_opened_at_idx" ON "rpo_violation"("opened_at");

-- AddForeignKey
ALTER TABLE "group_lag" ADD CONSTRAINT "group_lag_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "protection_group"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "lag_sample" SET (fillfactor = 85);
ALTER TABLE "lag_sample" ADD CONSTRAINT "lag_sample_lag" CHECK ("min_lag_seconds" >= 0 AND "max_lag_seconds" >= "min_lag_seconds" AND "worst_percent" >= 0);
ALTER TABLE "lag_sample" ADD CONSTRAINT "lag_sample_time" CHECK ("vm_seconds" > 0 AND "lag_vm_seconds" >= 0 AND "late_vm_seconds" >= 0);
ALTER TABLE "recovery" ADD CONSTRAINT "recovery_notes_edited" CHECK (("notes_edited_at" IS NULL) = ("notes_edited_by" IS NULL) AND "notes_version" >= 1);

-- A VM is over its RPO once at a time.
CREATE UNIQUE INDEX "rpo_violation_one_open" ON "rpo_violation"("vm_id") WHERE "closed_at" IS NULL;

-- Every way in which a point becomes complete, whoever writes it: its row may be gone before its lag is measured.
CREATE FUNCTION note_completed_point() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO completed_point (group_id, taken_at, completed_at)
  VALUES (NEW.group_id, NEW.taken_at, GREATEST(NEW.taken_at, COALESCE(NEW.completed_at, NEW.taken_at)))
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER recovery_point_made_complete AFTER INSERT ON recovery_point FOR EACH ROW WHEN (NEW.complete)
  EXECUTE FUNCTION note_completed_point();
CREATE TRIGGER recovery_point_became_complete AFTER UPDATE OF complete ON recovery_point FOR EACH ROW WHEN (NEW.complete AND NOT OLD.complete)
  EXECUTE FUNCTION note_completed_point();
