-- The activities in an analyst's words. `event_time` is for windows and for the order of time; `happened` is the same instant
-- as a plain column, for results and for whatever must not wait for the watermark.

CREATE VIEW activity AS
SELECT
  a._id AS activity_id,
  a.tenant,
  a.event_time,
  CAST(a.event_time AS TIMESTAMP(3)) AS happened,
  a.readAt AS read_at,
  a.reader,
  a.appName AS app,
  a.eventTypeName AS category,
  a.description,
  -- The same user under every spelling of the name. A failed login has it elsewhere; some activities have no name at all.
  LOWER(COALESCE(a.`user`.userName, a.failedUserData.userName, a.resolvedActorAccount.id)) AS user_name,
  COALESCE(a.resolvedActor.id, LOWER(a.`user`.userName), LOWER(a.failedUserData.userName)) AS actor,
  a.device.clientIP AS ip,
  COALESCE(a.location.countryCode, a.device.countryCode) AS country,
  a.location.city AS city,
  a.location.latitude AS latitude,
  a.location.longitude AS longitude,
  a.mainInfo.activityResult.isSuccess AS succeeded
FROM activities AS a;

CREATE VIEW downloads AS
SELECT * FROM activity WHERE category = 'EVENT_CATEGORY_DOWNLOAD_FILE';

-- Who got in. Where the API does not say how it ended, its category does.
CREATE VIEW logins AS
SELECT * FROM activity WHERE category = 'EVENT_CATEGORY_LOGIN' AND succeeded IS NOT FALSE;

CREATE VIEW login_attempts AS
SELECT *, category = 'EVENT_CATEGORY_FAILED_LOGIN' OR succeeded IS FALSE AS failed
FROM activity
WHERE category IN ('EVENT_CATEGORY_LOGIN', 'EVENT_CATEGORY_FAILED_LOGIN');
