-- Made by deploy/generate/flink-tables.ts from schemas/activity.avsc and deploy/flink/schemas/*.avsc: do not edit.
-- Names are the schema's own, in its own case: a column that differs by case only would read as NULL, without an error.

-- `event_time` is when it happened. What says to have happened after it was read is taken for as
-- old as that, or one wrong clock would make all that comes after it late.
-- The watermark waits for ${lateness}, by default 15 minutes: activities are saved 170 to 340 s after they happened
-- (measured on the public samples), the first lookback finds what was shown up to 2 minutes late, in steps of 30 s, and
-- a scan that is 5 minutes behind is still within its objective. What comes later than that goes to late_activities;
-- counts and first countries do not wait, and take it in.
-- Only committed transactions are read: what a connector that died left behind is no activity.
CREATE TABLE activities (
  `_id` STRING NOT NULL COMMENT 'The activity''s identity; opaque, of several shapes. Unique within a scan.',
  `uid` STRING COMMENT 'The identity again; equal to `_id` in all samples.',
  `tenantId` BIGINT COMMENT 'Number of the Defender for Cloud Apps tenant.',
  `aadTenantId` STRING COMMENT 'Entra tenant (GUID).',
  `appId` BIGINT COMMENT 'App in which it happened, e.g. 20893 Exchange Online.',
  `appName` STRING COMMENT 'Name of the app.',
  `appType` BIGINT COMMENT 'Kind of app, as a code.',
  `saasId` BIGINT COMMENT 'Service that the app belongs to.',
  `srcAppId` BIGINT COMMENT 'App connector that reported it, e.g. 11161 Office 365.',
  `timestamp` TIMESTAMP(3) COMMENT 'When it happened: the API''s sort field and filter `date`. Often whole seconds.',
  `timestampRaw` TIMESTAMP(3) COMMENT '`timestamp` before corrections by the service.',
  `instantiation` TIMESTAMP(3) COMMENT 'When the service began to process it.',
  `instantiationRaw` TIMESTAMP(3) COMMENT '`instantiation` before corrections by the service.',
  `created` TIMESTAMP(3) COMMENT 'When the service saved it: the API''s sort field and filter `created`. Minutes, at times days, after `timestamp`.',
  `createdRaw` TIMESTAMP(3) COMMENT '`created` before corrections by the service.',
  `eventType` BIGINT COMMENT 'Kind of event, as a code.',
  `eventTypeValue` STRING COMMENT 'Kind of event by the source app, e.g. EVENT_AAD_LOGIN_FAILED; an open list.',
  `eventTypeName` STRING COMMENT 'Category of event, e.g. EVENT_CATEGORY_FAILED_LOGIN; an open list.',
  `genericEventType` STRING COMMENT 'Kind of event across apps, e.g. ENUM_ACTIVITY_GENERIC_TYPE_FAILED_LOGIN; an open list.',
  `description` STRING COMMENT 'What happened, as text for people.',
  `description_id` STRING COMMENT 'Template of the description.',
  `description_metadata` MAP<STRING NOT NULL, STRING NOT NULL> COMMENT 'What is filled into the template, by name, e.g. operation_name; an open list.',
  `severity` STRING COMMENT 'Severity, e.g. INFO; an open list.',
  `confidenceLevel` BIGINT COMMENT 'How sure the service is of its reading of the event; 20 and 30 have been seen.',
  `source` BIGINT COMMENT 'Stream that it came by: 0 access control, 1 session control, 2 app connector, 3 app connector analysis, 5 discovery, 6 Defender for Endpoint.',
  `classifications` ARRAY<STRING NOT NULL> COMMENT 'Classes of the activity, e.g. access.',
  `tags` ARRAY<STRING NOT NULL> COMMENT 'Ids of tags on the activity.',
  `device` ROW<`clientIP` STRING, `userAgent` STRING, `countryCode` STRING, `machineId` STRING, `certificate` ROW<`certifiedByClientCertificate` BOOLEAN>> COMMENT 'The device that acted.',
  `location` ROW<`countryCode` STRING, `region` STRING, `regionCode` STRING, `city` STRING, `postalCode` STRING, `latitude` DOUBLE, `longitude` DOUBLE, `organizationSearchable` STRING, `carrier` STRING, `category` BIGINT, `categoryValue` STRING, `anonymousProxy` BOOLEAN, `isSatelliteProvider` BOOLEAN, `ipTags` ARRAY<STRING NOT NULL>> COMMENT 'Where the IP address is, and whose it is.',
  `user` ROW<`userName` STRING, `userTags` ARRAY<STRING NOT NULL>> COMMENT 'The user that acted.',
  `failedUserData` ROW<`userName` STRING> COMMENT 'The user of a failed login.',
  `userAgent` ROW<`family` STRING, `name` STRING, `type` STRING, `typeName` STRING, `version` STRING, `major` STRING, `minor` STRING, `deviceType` STRING, `nativeBrowser` BOOLEAN, `browser` STRING, `os` STRING, `operatingSystem` ROW<`name` STRING, `family` STRING, `version` STRING>, `tags` ARRAY<STRING NOT NULL>> COMMENT 'The user agent, taken apart.',
  `internals` ROW<`otherIPs` ARRAY<STRING NOT NULL>> COMMENT 'Details of the service''s own.',
  `mainInfo` ROW<`type` STRING, `rawOperationName` STRING, `prettyOperationName` STRING, `activityResult` ROW<`isSuccess` BOOLEAN, `message` STRING>, `eventObjects` ARRAY<ROW<`objType` BIGINT, `role` BIGINT, `id` STRING, `name` STRING, `value` STRING, `saasId` BIGINT, `instanceId` BIGINT, `link` BIGINT, `resolved` BOOLEAN, `governable` BOOLEAN, `serviceObjectType` STRING, `tags` ARRAY<STRING NOT NULL>> NOT NULL>> COMMENT 'What was done, and to what.',
  `resolvedActor` ROW<`id` STRING, `name` STRING, `saasId` BIGINT, `instanceId` BIGINT, `objType` BIGINT, `role` BIGINT, `resolved` BOOLEAN, `governable` BOOLEAN, `tags` ARRAY<STRING NOT NULL>> COMMENT 'The entity that acted, as the service knows it.',
  `resolvedActorAccount` ROW<`id` STRING, `name` STRING, `saasId` BIGINT, `instanceId` BIGINT, `objType` BIGINT, `role` BIGINT, `resolved` BOOLEAN, `governable` BOOLEAN, `tags` ARRAY<STRING NOT NULL>> COMMENT 'The account that it acted with.',
  `entityData` ARRAY<ROW<`index` BIGINT, `displayName` STRING, `id` ROW<`id` STRING, `saas` BIGINT, `inst` BIGINT>, `resolved` BOOLEAN> NOT NULL> COMMENT 'The entities behind the activity, in the order of their index. The API sends an object with numbers as keys, or a list; empty places are left out here.',
  `session` ROW<`sessionId` STRING> COMMENT 'The session, of activities seen by access or session control.',
  `host` ROW<`name` STRING> COMMENT 'The host asked, of activities seen by access or session control.',
  `http` ROW<`httpMethod` STRING, `httpPath` STRING, `httpReferer` STRING, `requestId` STRING> COMMENT 'The HTTP request, of activities seen by access or session control.',
  `connection` ROW<`targetIp` STRING, `targetPort` BIGINT> COMMENT 'The connection, of activities seen by access or session control.',
  `protocols` MAP<STRING NOT NULL, BOOLEAN NOT NULL> COMMENT 'Protocols used, by name, e.g. HTTP and SSL; of activities seen by access or session control.',
  `serviceHostName` STRING COMMENT 'Host name of the service; of activities seen by access or session control.',
  `targetAppLoginUrl` STRING COMMENT 'Login page of the target app; of activities seen by access or session control.',
  `matchingRules` STRING COMMENT 'Policies matched, as JSON text.',
  `matchingRuleDetails` STRING COMMENT 'How the policies matched, as JSON text.',
  `performedActions` STRING COMMENT 'Governance actions taken, as JSON text.',
  `performedActionNamesSet` STRING COMMENT 'Names of the governance actions taken, as JSON text.',
  `eventRouting` MAP<STRING NOT NULL, BOOLEAN NOT NULL> COMMENT 'Which parts of the service the event passed, by name, e.g. adminEvent; an open list that changes over time.',
  `lograbberService` ROW<`gediEvent` BOOLEAN, `o365EventGrabber` BOOLEAN, `scubaUnpacker` BOOLEAN, `categoryReasonForNotGedi` STRING, `valueReasonForNotGedi` STRING> COMMENT 'How the service''s collector classified the event; internal to the service.',
  `collected` STRING COMMENT 'What each collector added, one member a source (o365, aadLogins, azure, …), as the exact JSON text that the API sent.',
  `rawDataJson` STRING COMMENT 'The source app''s own event, as the exact JSON text that the API sent. Free-form; keys may differ only by case.',
  `scan` STRING NOT NULL COMMENT 'The connector''s scan that read the activity.',
  `tenant` STRING NOT NULL COMMENT 'The connector''s name of the tenant that it was read from.',
  `reader` STRING NOT NULL COMMENT 'Kind of reader that read it: tail, lookback, recovery, backfill or verify; an open list.',
  `readAt` TIMESTAMP(3) NOT NULL COMMENT 'When the connector received the response that it came in.',
  `raw` STRING COMMENT 'The exact JSON text of the activity as the API sent it; null where the connector is configured to leave it out.',
  `event_time` AS CASE WHEN COALESCE(`timestamp`, `created`) <= `readAt` THEN COALESCE(`timestamp`, `created`) ELSE `readAt` END,
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL ${lateness}
) WITH (
  'connector' = 'kafka',
  'topic' = '${topic}',
  'properties.bootstrap.servers' = '${brokers}',
  'properties.group.id' = '${group}',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = '${startup}',
  'scan.bounded.mode' = '${bounded}',
  'scan.watermark.idle-timeout' = '${idle} s',
  'format' = 'avro-confluent',
  'avro-confluent.url' = '${registry}'
);

-- How many activities of one app happened in one minute, as far as is known now: a later record of the same key replaces an earlier one.
CREATE TABLE activity_counts (
  `tenant` STRING NOT NULL COMMENT 'The connector''s name of the tenant.',
  `minute` TIMESTAMP(3) NOT NULL COMMENT 'The minute''s beginning.',
  `app` STRING NOT NULL COMMENT 'Name of the app; empty where it has none.',
  `activities` BIGINT NOT NULL COMMENT 'Activities that happened within it.',
  PRIMARY KEY (`tenant`, `minute`, `app`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = '${alerts}-activity-counts',
  'properties.bootstrap.servers' = '${brokers}',
  'key.format' = 'avro-confluent',
  'key.avro-confluent.url' = '${registry}',
  'key.avro-confluent.subject' = '${alerts}-activity-counts-key',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = '${registry}',
  'value.avro-confluent.subject' = '${alerts}-activity-counts-value',
  'value.avro-confluent.schema' = '{"type":"record","name":"ActivityCount","namespace":"mdca.alerts","doc":"How many activities of one app happened in one minute, as far as is known now: a later record of the same key replaces an earlier one.","fields":[{"name":"tenant","type":"string","doc":"The connector''s name of the tenant."},{"name":"minute","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"The minute''s beginning."},{"name":"app","type":"string","doc":"Name of the app; empty where it has none."},{"name":"activities","type":"long","doc":"Activities that happened within it."}]}'
);

-- The earliest activity of a user from a country, as far as is known now: a later record of the same key replaces an earlier one.
CREATE TABLE first_seen_country (
  `tenant` STRING NOT NULL COMMENT 'The connector''s name of the tenant.',
  `actor` STRING NOT NULL COMMENT 'Identity of the user in the source app, or the name where it has none.',
  `country` STRING NOT NULL COMMENT 'Country (ISO 3166-1 alpha-2).',
  `user_name` STRING COMMENT 'Name of the user, in lower case.',
  `first_at` TIMESTAMP(3) NOT NULL COMMENT 'When it happened.',
  `activity_id` STRING NOT NULL COMMENT '`_id` of it.',
  `city` STRING COMMENT 'City of its address.',
  `ip` STRING COMMENT 'Its address.',
  PRIMARY KEY (`tenant`, `actor`, `country`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = '${alerts}-first-seen-country',
  'properties.bootstrap.servers' = '${brokers}',
  'key.format' = 'avro-confluent',
  'key.avro-confluent.url' = '${registry}',
  'key.avro-confluent.subject' = '${alerts}-first-seen-country-key',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = '${registry}',
  'value.avro-confluent.subject' = '${alerts}-first-seen-country-value',
  'value.avro-confluent.schema' = '{"type":"record","name":"FirstSeenCountry","namespace":"mdca.alerts","doc":"The earliest activity of a user from a country, as far as is known now: a later record of the same key replaces an earlier one.","fields":[{"name":"tenant","type":"string","doc":"The connector''s name of the tenant."},{"name":"actor","type":"string","doc":"Identity of the user in the source app, or the name where it has none."},{"name":"country","type":"string","doc":"Country (ISO 3166-1 alpha-2)."},{"name":"user_name","type":["null","string"],"default":null,"doc":"Name of the user, in lower case."},{"name":"first_at","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When it happened."},{"name":"activity_id","type":"string","doc":"`_id` of it."},{"name":"city","type":["null","string"],"default":null,"doc":"City of its address."},{"name":"ip","type":["null","string"],"default":null,"doc":"Its address."}]}'
);

-- Two logins of one user, one after the other, too far apart for the time between them.
CREATE TABLE impossible_travel (
  `tenant` STRING NOT NULL COMMENT 'The connector''s name of the tenant.',
  `user_name` STRING COMMENT 'Name of the user, in lower case.',
  `from_id` STRING NOT NULL COMMENT '`_id` of the earlier login.',
  `from_at` TIMESTAMP(3) NOT NULL COMMENT 'When it happened.',
  `from_country` STRING COMMENT 'Country of its address.',
  `from_city` STRING COMMENT 'City of its address.',
  `to_id` STRING NOT NULL COMMENT '`_id` of the later login.',
  `to_at` TIMESTAMP(3) NOT NULL COMMENT 'When it happened.',
  `to_country` STRING COMMENT 'Country of its address.',
  `to_city` STRING COMMENT 'City of its address.',
  `km` DOUBLE NOT NULL COMMENT 'Distance between both, along the earth''s surface.',
  `kmh` DOUBLE NOT NULL COMMENT 'The speed that it would have taken.'
) WITH (
  'connector' = 'kafka',
  'topic' = '${alerts}-impossible-travel',
  'properties.bootstrap.servers' = '${brokers}',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = '${group}-impossible-travel',
  'properties.transaction.timeout.ms' = '900000',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = '${registry}',
  'value.avro-confluent.subject' = '${alerts}-impossible-travel-value',
  'value.avro-confluent.schema' = '{"type":"record","name":"ImpossibleTravel","namespace":"mdca.alerts","doc":"Two logins of one user, one after the other, too far apart for the time between them.","fields":[{"name":"tenant","type":"string","doc":"The connector''s name of the tenant."},{"name":"user_name","type":["null","string"],"default":null,"doc":"Name of the user, in lower case."},{"name":"from_id","type":"string","doc":"`_id` of the earlier login."},{"name":"from_at","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When it happened."},{"name":"from_country","type":["null","string"],"default":null,"doc":"Country of its address."},{"name":"from_city","type":["null","string"],"default":null,"doc":"City of its address."},{"name":"to_id","type":"string","doc":"`_id` of the later login."},{"name":"to_at","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When it happened."},{"name":"to_country","type":["null","string"],"default":null,"doc":"Country of its address."},{"name":"to_city","type":["null","string"],"default":null,"doc":"City of its address."},{"name":"km","type":"double","doc":"Distance between both, along the earth''s surface."},{"name":"kmh","type":"double","doc":"The speed that it would have taken."}]}'
);

-- An activity that came after what is newer had been judged: alerts that wait for the order of time may lack it.
CREATE TABLE late_activities (
  `tenant` STRING NOT NULL COMMENT 'The connector''s name of the tenant.',
  `activity_id` STRING NOT NULL COMMENT '`_id` of it.',
  `actor` STRING COMMENT 'Identity of the user in the source app.',
  `category` STRING COMMENT 'Category of event.',
  `happened_at` TIMESTAMP(3) NOT NULL COMMENT 'When it happened.',
  `read_at` TIMESTAMP(3) NOT NULL COMMENT 'When the connector received it.',
  `reader` STRING NOT NULL COMMENT 'Kind of reader that found it.',
  `behind_seconds` BIGINT NOT NULL COMMENT 'How far it lies behind what had been judged.'
) WITH (
  'connector' = 'kafka',
  'topic' = '${alerts}-late-activities',
  'properties.bootstrap.servers' = '${brokers}',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = '${group}-late-activities',
  'properties.transaction.timeout.ms' = '900000',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = '${registry}',
  'value.avro-confluent.subject' = '${alerts}-late-activities-value',
  'value.avro-confluent.schema' = '{"type":"record","name":"LateActivity","namespace":"mdca.alerts","doc":"An activity that came after what is newer had been judged: alerts that wait for the order of time may lack it.","fields":[{"name":"tenant","type":"string","doc":"The connector''s name of the tenant."},{"name":"activity_id","type":"string","doc":"`_id` of it."},{"name":"actor","type":["null","string"],"default":null,"doc":"Identity of the user in the source app."},{"name":"category","type":["null","string"],"default":null,"doc":"Category of event."},{"name":"happened_at","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When it happened."},{"name":"read_at","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the connector received it."},{"name":"reader","type":"string","doc":"Kind of reader that found it."},{"name":"behind_seconds","type":"long","doc":"How far it lies behind what had been judged."}]}'
);

-- A login from an address from which many had failed shortly before: a password that was guessed, of one user or of one of many.
CREATE TABLE login_after_failures (
  `tenant` STRING NOT NULL COMMENT 'The connector''s name of the tenant.',
  `ip` STRING COMMENT 'The address.',
  `country` STRING COMMENT 'Its country.',
  `user_name` STRING COMMENT 'Who got in, in lower case.',
  `failed` BIGINT NOT NULL COMMENT 'Failed logins from there before.',
  `users_tried` BIGINT NOT NULL COMMENT 'Users that they were tried with.',
  `login_at` TIMESTAMP(3) NOT NULL COMMENT 'When the login happened.',
  `activity_id` STRING NOT NULL COMMENT '`_id` of it.'
) WITH (
  'connector' = 'kafka',
  'topic' = '${alerts}-login-after-failures',
  'properties.bootstrap.servers' = '${brokers}',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = '${group}-login-after-failures',
  'properties.transaction.timeout.ms' = '900000',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = '${registry}',
  'value.avro-confluent.subject' = '${alerts}-login-after-failures-value',
  'value.avro-confluent.schema' = '{"type":"record","name":"LoginAfterFailures","namespace":"mdca.alerts","doc":"A login from an address from which many had failed shortly before: a password that was guessed, of one user or of one of many.","fields":[{"name":"tenant","type":"string","doc":"The connector''s name of the tenant."},{"name":"ip","type":["null","string"],"default":null,"doc":"The address."},{"name":"country","type":["null","string"],"default":null,"doc":"Its country."},{"name":"user_name","type":["null","string"],"default":null,"doc":"Who got in, in lower case."},{"name":"failed","type":"long","doc":"Failed logins from there before."},{"name":"users_tried","type":"long","doc":"Users that they were tried with."},{"name":"login_at","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the login happened."},{"name":"activity_id","type":"string","doc":"`_id` of it."}]}'
);

-- One user downloaded many files within minutes. One alert each time that the number is reached.
CREATE TABLE mass_download (
  `tenant` STRING NOT NULL COMMENT 'The connector''s name of the tenant.',
  `actor` STRING COMMENT 'Identity of the user in the source app.',
  `user_name` STRING COMMENT 'Name of the user, in lower case.',
  `downloads` BIGINT NOT NULL COMMENT 'Downloads from `first_at` to `reached_at`.',
  `first_at` TIMESTAMP(3) NOT NULL COMMENT 'The first of them.',
  `reached_at` TIMESTAMP(3) NOT NULL COMMENT 'The one by which the number was reached.',
  `activity_id` STRING NOT NULL COMMENT '`_id` of that one.',
  `ip` STRING COMMENT 'Address that it came from.'
) WITH (
  'connector' = 'kafka',
  'topic' = '${alerts}-mass-download',
  'properties.bootstrap.servers' = '${brokers}',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = '${group}-mass-download',
  'properties.transaction.timeout.ms' = '900000',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = '${registry}',
  'value.avro-confluent.subject' = '${alerts}-mass-download-value',
  'value.avro-confluent.schema' = '{"type":"record","name":"MassDownload","namespace":"mdca.alerts","doc":"One user downloaded many files within minutes. One alert each time that the number is reached.","fields":[{"name":"tenant","type":"string","doc":"The connector''s name of the tenant."},{"name":"actor","type":["null","string"],"default":null,"doc":"Identity of the user in the source app."},{"name":"user_name","type":["null","string"],"default":null,"doc":"Name of the user, in lower case."},{"name":"downloads","type":"long","doc":"Downloads from `first_at` to `reached_at`."},{"name":"first_at","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"The first of them."},{"name":"reached_at","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"The one by which the number was reached."},{"name":"activity_id","type":"string","doc":"`_id` of that one."},{"name":"ip","type":["null","string"],"default":null,"doc":"Address that it came from."}]}'
);
