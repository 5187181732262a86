-- AlterTable
ALTER TABLE "recovery_plan" ADD COLUMN     "lost_groups" TEXT[] DEFAULT ARRAY[]::TEXT[];
