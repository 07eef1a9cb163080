-- The activities in an analyst's words: flat, a topic of its own, what the five queries read. NOT RUN: see README.md
-- beside it.

-- From the first activity on, and of committed transactions only: what a connector that died left behind is no
-- activity.
SET 'auto.offset.reset' = 'earliest';
SET 'processing.guarantee' = 'exactly_once_v2';

CREATE STREAM activity WITH (
  KAFKA_TOPIC = 'mdca-ksqldb-activity',
  KEY_FORMAT = 'NONE',
  VALUE_FORMAT = 'AVRO'
) AS SELECT
  `_id` AS `activity_id`,
  `tenant` AS `tenant`,
  `timestamp` AS `happened`,
  UNIX_TIMESTAMP(`timestamp`) AS `happened_ms`,
  COALESCE(`appName`, '') AS `app`,
  `eventTypeName` AS `category`,
  -- The same user under every spelling of the name. A failed login has it elsewhere; some activities have no name at
  -- all.
  LCASE(COALESCE(`user`->`userName`, `failedUserData`->`userName`, `resolvedActorAccount`->`id`)) AS `user_name`,
  COALESCE(`resolvedActor`->`id`, LCASE(`user`->`userName`), LCASE(`failedUserData`->`userName`)) AS `actor`,
  `device`->`clientIP` AS `ip`,
  COALESCE(`location`->`countryCode`, `device`->`countryCode`) AS `country`,
  `location`->`city` AS `city`,
  `location`->`latitude` AS `latitude`,
  `location`->`longitude` AS `longitude`,
  `eventTypeName` = 'EVENT_CATEGORY_DOWNLOAD_FILE' AS `download`,
  -- Where the API does not say how a login ended, its category does.
  `eventTypeName` = 'EVENT_CATEGORY_LOGIN' AND COALESCE(`mainInfo`->`activityResult`->`isSuccess`, TRUE) AS `got_in`,
  `eventTypeName` = 'EVENT_CATEGORY_FAILED_LOGIN'
    OR (`eventTypeName` = 'EVENT_CATEGORY_LOGIN' AND NOT COALESCE(`mainInfo`->`activityResult`->`isSuccess`, TRUE))
    AS `failed`
FROM activities
EMIT CHANGES;
