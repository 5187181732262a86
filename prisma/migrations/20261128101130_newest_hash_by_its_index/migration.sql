-- A session plans this once, maybe while the log is empty, and keeps the plan until the log is analysed, a minute or more after a large run has
-- begun: by then it would have read all of the log at each write.
ALTER FUNCTION dr_event_hash(uuid) SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off;
