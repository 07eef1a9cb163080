-- A login from an address from which many have just failed: the last step of a guessed password, whether one user was tried
-- many times or many users once (a spray). From an office, too, logins fail, but far fewer than succeed: an address counts
-- only while five fail for each that succeeds.

INSERT INTO login_after_failures
SELECT tenant, ip, country, user_name, failed_before, users_tried, happened, activity_id
FROM (
  SELECT tenant, ip, country, user_name, happened, activity_id, failed,
    SUM(CASE WHEN failed THEN 1 ELSE 0 END) OVER recently AS failed_before,
    SUM(CASE WHEN failed THEN 0 ELSE 1 END) OVER recently AS succeeded_before,
    COUNT(DISTINCT CASE WHEN failed THEN user_name END) OVER recently AS users_tried
  FROM login_attempts
  WHERE ip IS NOT NULL
  WINDOW recently AS (
    PARTITION BY tenant, ip ORDER BY event_time
    RANGE BETWEEN INTERVAL '${failed_minutes}' MINUTE(3) PRECEDING AND CURRENT ROW))
WHERE NOT failed AND failed_before >= ${failed_count} AND failed_before >= 5 * succeeded_before;
