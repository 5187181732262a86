-- CreateTable
CREATE TABLE "lag_sample_open" (
    "subject_id" UUID NOT NULL,
    "step_seconds" INTEGER NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "min_lag_seconds" INTEGER NOT NULL,
    "max_lag_seconds" INTEGER NOT NULL,
    "worst_percent" INTEGER NOT NULL,
    "vm_seconds" DOUBLE PRECISION NOT NULL,
    "lag_vm_seconds" DOUBLE PRECISION NOT NULL,
    "late_vm_seconds" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "lag_sample_open_pkey" PRIMARY KEY ("subject_id","step_seconds")
);

-- Each measurement updates all of it, in its place.
ALTER TABLE "lag_sample_open" SET (fillfactor = 45);
ALTER TABLE "lag_sample_open" ADD CONSTRAINT "lag_sample_open_lag" CHECK ("min_lag_seconds" >= 0 AND "max_lag_seconds" >= "min_lag_seconds" AND "worst_percent" >= 0);
ALTER TABLE "lag_sample_open" ADD CONSTRAINT "lag_sample_open_time" CHECK ("vm_seconds" > 0 AND "lag_vm_seconds" >= 0 AND "late_vm_seconds" >= 0);

-- What is there is whole, and hardly ever updated.
ALTER TABLE "lag_sample" RESET (fillfactor);
