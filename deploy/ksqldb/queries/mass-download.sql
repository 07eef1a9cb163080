-- One user downloads many files within minutes. NOT RUN: see README.md beside it. Windows of ten minutes that begin
-- each minute: one record at the download that reaches the number in a window, and one for each that follows; take the
-- first of an actor.

CREATE TABLE mass_download WITH (
  KAFKA_TOPIC = 'mdca-ksqldb-mass-download',
  KEY_FORMAT = 'AVRO',
  VALUE_FORMAT = 'AVRO'
) AS SELECT
  `tenant`,
  `actor`,
  LATEST_BY_OFFSET(`user_name`) AS `user_name`,
  COUNT(*) AS `downloads`,
  FROM_UNIXTIME(MIN(`happened_ms`)) AS `first_at`,
  FROM_UNIXTIME(MAX(`happened_ms`)) AS `reached_at`,
  LATEST_BY_OFFSET(`activity_id`) AS `activity_id`,
  LATEST_BY_OFFSET(`ip`) AS `ip`
FROM activity
WINDOW HOPPING (SIZE 10 MINUTES, ADVANCE BY 1 MINUTE, RETENTION 1 HOUR, GRACE PERIOD 15 MINUTES)
WHERE `download` AND `actor` IS NOT NULL
GROUP BY `tenant`, `actor`
HAVING COUNT(*) >= 50
EMIT CHANGES;
