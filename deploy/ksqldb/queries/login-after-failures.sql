-- A login from an address from which many have just failed, whether of one user or of many (a spray). NOT RUN: see
-- README.md beside it. From an office, too, logins fail, but far fewer than succeed: an address counts only while five
-- fail for each that succeeds. A window does not keep the order of what is in it: that the last success came after the
-- first failure is all that is asked here; that all ten failures came before it is not.

CREATE TABLE login_after_failures WITH (
  KAFKA_TOPIC = 'mdca-ksqldb-login-after-failures',
  KEY_FORMAT = 'AVRO',
  VALUE_FORMAT = 'AVRO'
) AS SELECT
  `tenant`,
  `ip`,
  LATEST_BY_OFFSET(`country`) AS `country`,
  LATEST_BY_OFFSET(CASE WHEN `got_in` THEN `user_name` END) AS `user_name`,
  LATEST_BY_OFFSET(CASE WHEN `got_in` THEN `activity_id` END) AS `activity_id`,
  FROM_UNIXTIME(MAX(CASE WHEN `got_in` THEN `happened_ms` END)) AS `got_in_at`,
  SUM(CASE WHEN `failed` THEN 1 ELSE 0 END) AS `failures`,
  -- Approximate, by 2 %.
  COUNT_DISTINCT(CASE WHEN `failed` THEN `user_name` END) AS `users_tried`
FROM activity
WINDOW HOPPING (SIZE 1 HOUR, ADVANCE BY 5 MINUTES, RETENTION 3 HOURS, GRACE PERIOD 15 MINUTES)
WHERE `ip` IS NOT NULL AND (`got_in` OR `failed`)
GROUP BY `tenant`, `ip`
HAVING SUM(CASE WHEN `failed` THEN 1 ELSE 0 END) >= 10
  AND SUM(CASE WHEN `failed` THEN 1 ELSE 0 END) >= 5 * SUM(CASE WHEN `got_in` THEN 1 ELSE 0 END)
  AND MAX(CASE WHEN `got_in` THEN `happened_ms` END) > MIN(CASE WHEN `failed` THEN `happened_ms` END)
EMIT CHANGES;
