-- When a user was first seen in a country. NOT RUN: see README.md beside it. An earlier activity that comes late moves
-- the time back; read the last record of each key. A login that failed shows where somebody else was.

CREATE TABLE first_seen_country WITH (
  KAFKA_TOPIC = 'mdca-ksqldb-first-seen-country',
  KEY_FORMAT = 'AVRO',
  VALUE_FORMAT = 'AVRO'
) AS SELECT
  `tenant`,
  `actor`,
  `country`,
  EARLIEST_BY_OFFSET(`user_name`) AS `user_name`,
  FROM_UNIXTIME(MIN(`happened_ms`)) AS `first_at`,
  -- Of the one that came first, which need not be the one that happened first.
  EARLIEST_BY_OFFSET(`activity_id`) AS `activity_id`,
  EARLIEST_BY_OFFSET(`city`) AS `city`,
  EARLIEST_BY_OFFSET(`ip`) AS `ip`
FROM activity
WHERE `actor` IS NOT NULL AND `country` IS NOT NULL AND NOT `failed`
GROUP BY `tenant`, `actor`, `country`
EMIT CHANGES;
