-- Two logins of one user, farther apart than anybody travels in the time between them. NOT RUN: see README.md beside
-- it. ksqlDB has no LAG. The last two logins of each user are kept as arrays, by the order in which they came, which
-- need not be the order in which they happened: hence ABS. Whoever is too fast from one to the other is so whichever
-- came first.

CREATE TABLE last_logins WITH (
  KAFKA_TOPIC = 'mdca-ksqldb-last-logins',
  KEY_FORMAT = 'AVRO',
  VALUE_FORMAT = 'AVRO'
) AS SELECT
  `tenant`,
  `user_name`,
  LATEST_BY_OFFSET(`activity_id`, 2) AS `ids`,
  LATEST_BY_OFFSET(`happened_ms`, 2) AS `times`,
  LATEST_BY_OFFSET(COALESCE(`country`, ''), 2) AS `countries`,
  LATEST_BY_OFFSET(COALESCE(`city`, ''), 2) AS `cities`,
  LATEST_BY_OFFSET(`latitude`, 2) AS `latitudes`,
  LATEST_BY_OFFSET(`longitude`, 2) AS `longitudes`
FROM activity
WHERE `got_in` AND `user_name` IS NOT NULL AND `happened_ms` IS NOT NULL
  AND `latitude` IS NOT NULL AND `longitude` IS NOT NULL
GROUP BY `tenant`, `user_name`
EMIT CHANGES;

-- A tombstone of a user says that the pair after the impossible one was possible again: alerts are the records with a
-- value.
CREATE TABLE impossible_travel WITH (
  KAFKA_TOPIC = 'mdca-ksqldb-impossible-travel',
  KEY_FORMAT = 'AVRO',
  VALUE_FORMAT = 'AVRO'
) AS SELECT
  `tenant`,
  `user_name`,
  `ids`[1] AS `from_id`,
  FROM_UNIXTIME(`times`[1]) AS `from_at`,
  `countries`[1] AS `from_country`,
  `cities`[1] AS `from_city`,
  `ids`[2] AS `to_id`,
  FROM_UNIXTIME(`times`[2]) AS `to_at`,
  `countries`[2] AS `to_country`,
  `cities`[2] AS `to_city`,
  GEO_DISTANCE(`latitudes`[1], `longitudes`[1], `latitudes`[2], `longitudes`[2], 'KM') AS `km`,
  ABS(`times`[2] - `times`[1]) / 1000 AS `seconds`
FROM last_logins
WHERE ARRAY_LENGTH(`ids`) = 2
  AND GEO_DISTANCE(`latitudes`[1], `longitudes`[1], `latitudes`[2], `longitudes`[2], 'KM') > 500
  -- Faster than 900 km/h, which is a kilometre in 4,000 ms.
  AND GEO_DISTANCE(`latitudes`[1], `longitudes`[1], `latitudes`[2], `longitudes`[2], 'KM') * 4000
    > CAST(ABS(`times`[2] - `times`[1]) AS DOUBLE)
EMIT CHANGES;
