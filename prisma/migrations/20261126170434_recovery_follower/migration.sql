-- CreateTable
CREATE TABLE "recovery_follower" (
    "run_id" UUID NOT NULL,
    "recovery_id" UUID NOT NULL,
    "task_id" UUID NOT NULL,
    "options" JSONB NOT NULL,
    "notes" TEXT NOT NULL,
    "snapshot" JSONB NOT NULL,
    "vm_count" INTEGER NOT NULL,
    "requested_by_id" UUID NOT NULL,

    CONSTRAINT "recovery_follower_pkey" PRIMARY KEY ("run_id")
);

-- AddForeignKey
ALTER TABLE "recovery_follower" ADD CONSTRAINT "recovery_follower_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "recovery"("id") ON DELETE CASCADE ON UPDATE CASCADE;
