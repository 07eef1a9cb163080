-- Two logins of one user, one after the other, farther apart than anybody travels in the time between them. The distance is
-- along the earth's surface (haversine, a sphere of 6,371 km). The login before is the first of a frame of two rows, not
-- LAG: of two logins at one instant LAG shows both the same one. FIRST_VALUE passes over nulls, hence the empty texts.

INSERT INTO impossible_travel
SELECT tenant, user_name, from_id, from_at, NULLIF(from_country, ''), NULLIF(from_city, ''),
  activity_id, happened, NULLIF(country, ''), NULLIF(city, ''), km, km / hours
FROM (
  SELECT *,
    -- Two logins in one second are no reason to divide by 0.
    GREATEST(TIMESTAMPDIFF(SECOND, from_at, happened), 1) / CAST(3600 AS DOUBLE) AS hours,
    2 * 6371 * ASIN(SQRT(
      POWER(SIN(RADIANS(latitude - from_latitude) / 2), 2)
      + COS(RADIANS(from_latitude)) * COS(RADIANS(latitude)) * POWER(SIN(RADIANS(longitude - from_longitude) / 2), 2)
    )) AS km
  FROM (
    SELECT tenant, user_name, activity_id, happened, country, city, latitude, longitude,
      FIRST_VALUE(activity_id) OVER before AS from_id,
      FIRST_VALUE(happened) OVER before AS from_at,
      FIRST_VALUE(country) OVER before AS from_country,
      FIRST_VALUE(city) OVER before AS from_city,
      FIRST_VALUE(latitude) OVER before AS from_latitude,
      FIRST_VALUE(longitude) OVER before AS from_longitude
    FROM (
      SELECT tenant, user_name, event_time, activity_id, happened, latitude, longitude,
        COALESCE(country, '') AS country, COALESCE(city, '') AS city
      FROM logins
      WHERE latitude IS NOT NULL AND longitude IS NOT NULL AND user_name IS NOT NULL)
    WINDOW before AS (
      PARTITION BY tenant, user_name ORDER BY event_time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)))
WHERE km > ${travel_km} AND km / hours > ${travel_kmh};
