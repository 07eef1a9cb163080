-- Activities per app and minute. Waits for nothing: a count is right for what is known, and an activity that comes late,
-- by hours or days, corrects the count of its own minute. Hence an upsert table: read the last record of each key.

-- A minute's count is forgotten once nothing has come for it for so long; what came later still would begin at 1.
SET 'table.exec.state.ttl' = '30 d';
-- One record a minute and app every few seconds, rather than one an activity.
SET 'table.exec.mini-batch.enabled' = 'true';
SET 'table.exec.mini-batch.allow-latency' = '2 s';
SET 'table.exec.mini-batch.size' = '10000';

INSERT INTO activity_counts
SELECT tenant, FLOOR(happened TO MINUTE), COALESCE(app, ''), COUNT(*)
FROM activity
GROUP BY tenant, FLOOR(happened TO MINUTE), COALESCE(app, '');
