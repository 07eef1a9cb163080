-- What came after the watermark had passed it: mass downloads, impossible travels and logins after failures were judged without
-- it, and Flink says nothing of what it leaves out there. Here it is said: which activity, of whom, by how much. Few: look
-- at them. Many: the connector caught up newest first, or `lateness` is too small.

INSERT INTO late_activities
SELECT tenant, activity_id, actor, category, happened, read_at, reader,
  CAST(TIMESTAMPDIFF(SECOND, happened, CAST(CURRENT_WATERMARK(event_time) AS TIMESTAMP(3))) AS BIGINT)
FROM activity
WHERE event_time <= CURRENT_WATERMARK(event_time);
