-- Activities per app and minute. NOT RUN: see README.md beside it. An activity that comes within a day corrects the
-- count of its own minute; read the last record of each key and window.

CREATE TABLE activity_counts WITH (
  KAFKA_TOPIC = 'mdca-ksqldb-activity-counts',
  KEY_FORMAT = 'AVRO',
  VALUE_FORMAT = 'AVRO'
) AS SELECT
  `tenant`,
  `app`,
  FROM_UNIXTIME(WINDOWSTART) AS `minute`,
  COUNT(*) AS `activities`
FROM activity
WINDOW TUMBLING (SIZE 1 MINUTE, RETENTION 2 DAYS, GRACE PERIOD 1 DAY)
GROUP BY `tenant`, `app`
EMIT CHANGES;
