-- No statement looks for events by their time alone: retention walks over the changes in the order of their positions.
-- DropIndex
DROP INDEX "event_occurred_at_idx";
