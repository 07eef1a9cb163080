import { expect, test } from "vitest";
import { activitiesUrl } from "../../../src/tenant/endpoint.ts";

const HOST = "https://contoso.us3.portal.cloudappsecurity.com";

test.each([
  [HOST, "/api/v1/activities/"],
  [`${HOST}/`, "/api/v1/activities/"],
  [`${HOST}/api`, "/api/v1/activities/"],
  [`${HOST}/api/`, "/api/v1/activities/"],
  [`${HOST}/api/v1`, "/api/v1/activities/"],
  [`${HOST}/api/v1/activities`, "/api/v1/activities/"],
  [`${HOST}/api/v1/activities/`, "/api/v1/activities/"],
  [`${HOST}/cas`, "/cas/api/v1/activities/"],
  [`${HOST}/cas/api/v1/`, "/cas/api/v1/activities/"],
])("%s leads to %s", (apiUrl, path) => {
  expect(activitiesUrl(apiUrl).href).toBe(`${HOST}${path}`);
});

test.each([
  "http://localhost:8080",
  "http://127.0.0.1:1",
  "http://127.9.9.9",
  "http://[::1]:8080",
  "http://a.localhost",
])("plain http to this machine is allowed: %s", (apiUrl) => {
  expect(activitiesUrl(apiUrl).protocol).toBe("http:");
});

test.each([
  ["http://contoso.portal.cloudappsecurity.com", /must use https/],
  ["http://127.0.0.1.contoso.com", /must use https/],
  ["http://notlocalhost", /must use https/],
  ["http://10.0.0.1", /must use https/],
  ["contoso.portal.cloudappsecurity.com", /must be an address like/],
  ["ftp://contoso", /must be an address like/],
  ["", /must be an address like/],
  ["https://user:pass@contoso.com", /user name or password/],
  [`${HOST}?a=b`, /query/],
])("%s is refused", (apiUrl, message) => {
  expect(() => activitiesUrl(apiUrl)).toThrow(
    expect.objectContaining({ code: "config_invalid", message: expect.stringMatching(message) }),
  );
  expect(() => activitiesUrl(apiUrl)).not.toThrow(/pass@/);
});
