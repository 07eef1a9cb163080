-- One user downloads more than so many files within minutes: an alert at the download by which that is reached, and no further
-- one until the user has slowed down. A sliding window would alert once a slide, and one that closes when the user pauses would
-- never alert of somebody who does not. Frames count rows, not time: downloads often share their second, and LAG would
-- show each of those the same row before.

INSERT INTO mass_download
SELECT tenant, actor, user_name, downloads, first_at, happened, activity_id, ip
FROM (
  SELECT *, SUM(too_many) OVER (
    PARTITION BY tenant, actor ORDER BY event_time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS too_many_in_a_row
  FROM (
    SELECT *, CASE
      WHEN downloads > ${download_count} AND first_at + INTERVAL '${download_minutes}' MINUTE(3) >= happened THEN 1
      ELSE 0 END AS too_many
    FROM (
      SELECT tenant, actor, user_name, event_time, happened, activity_id, ip,
        COUNT(*) OVER latest AS downloads,
        MIN(happened) OVER latest AS first_at
      FROM downloads
      WINDOW latest AS (
        PARTITION BY tenant, actor ORDER BY event_time ROWS BETWEEN ${download_count} PRECEDING AND CURRENT ROW))))
WHERE too_many = 1 AND too_many_in_a_row = 1;
