-- When a user was first seen in a country. Waits for nothing: an earlier activity that comes late replaces the one that had
-- been taken for the first. Hence an upsert table: read the last record of each key. Its state is kept for ever: it is as
-- large as users times the countries that they have been to. A login that failed shows where somebody else was.

INSERT INTO first_seen_country
SELECT tenant, actor, country, user_name, happened, activity_id, city, ip
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY tenant, actor, country ORDER BY happened) AS place
  FROM activity
  WHERE actor IS NOT NULL AND country IS NOT NULL AND category IS DISTINCT FROM 'EVENT_CATEGORY_FAILED_LOGIN')
WHERE place = 1;
