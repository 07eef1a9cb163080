import { expect, test } from "vitest";
import { load, MINIMAL, problemsOf } from "./loading.ts";

const scans = (...lines: string[]) => `${MINIMAL}scans:\n${lines.map((line) => `  ${line}\n`).join("")}`;

test.each([
  ["{}", "found neither; give either token, or directoryId, clientId, clientSecret"],
  ["{ directoryId: d, clientId: c }", "also needs clientSecret"],
  ["{ token: t, cloud: gcc }", "give either token, or directoryId, clientId, clientSecret; found token and cloud"],
])("of credentials, %s is refused", (auth, message) => {
  const yaml = MINIMAL.replace(/auth: .*/, `auth: ${auth}`);
  expect(problemsOf(yaml)).toEqual([`tenants.contoso.auth (line 5): ${message}`]);
});

test("two tenants with one API address are refused, whatever the way it is written", () => {
  const yaml = `${MINIMAL}
  again: { apiUrl: "https://CONTOSO.us3.portal.cloudappsecurity.com:443/api/v1", auth: { token: "\${env:CONTOSO_TOKEN}" } }
  other: { apiUrl: "https://contoso.us3.portal.cloudappsecurity.com:8443", auth: { token: "\${env:CONTOSO_TOKEN}" } }`;
  expect(problemsOf(yaml)).toEqual([
    "tenants.again.apiUrl (line 7): the same API as tenant contoso (contoso.us3.portal.cloudappsecurity.com); give a tenant several scans instead",
  ]);
});

test.each([
  ["http://127.0.0.1:8080", true],
  ["http://localhost:8080/", true],
  ["http://[::1]:8080", true],
  ["https://h.example.com/api", true],
  ["http://localhost.example.com", false],
  ["http://127.0.0.1.example.com", false],
  ["ftp://localhost", false],
  ["https://user:pw@h.example.com", false],
  ["https://h.example.com/?x=1", false],
  ["h.example.com", false],
])("the API address %s is taken: %s", (apiUrl, taken) => {
  const problems = problemsOf(MINIMAL.replace(/apiUrl: .*/, `apiUrl: "${apiUrl}"`));
  expect(problems.length).toBe(taken ? 0 : 1);
  expect(problems.join()).not.toContain("user:pw");
});

test("a budget above the API's own limit is taken with a warning", () => {
  const { warnings } = load(MINIMAL.replace("auth:", "requestsPerMinute: 6000\n    auth:"));
  expect(warnings).toEqual([
    "tenants.contoso.requestsPerMinute (line 5): above the 30 that the API allows a tenant; it will throttle",
  ]);
});

test("a tenant without a scan gets a warning, an empty list of scans is refused", () => {
  const yaml = `${scans("a: { tenant: contoso }")}`.replace(
    "scans:",
    `  idle: { apiUrl: "https://i.example.com", auth: { token: "\${env:CONTOSO_TOKEN}" } }\nscans:`,
  );
  expect(load(yaml).warnings).toEqual(["tenants.idle (line 6): no scan reads this tenant"]);
  expect(problemsOf(`${MINIMAL}scans: {}`)).toEqual(["scans (line 6): holds no scan; leave it out for one a tenant"]);
});

test("scans that may publish the same to one topic get a warning, disjoint ones and those with own topics do not", () => {
  const overlapping = scans("a: { tenant: contoso }", "b: { tenant: contoso, filters: { service: { eq: 1 } } }");
  expect(load(overlapping).warnings).toEqual([
    "scans.b (line 8): may publish what scan a publishes to mdca-activities as well",
  ]);
  const disjoint = scans(
    "a: { tenant: contoso, filters: { service: { eq: [1, 2] } } }",
    "b: { tenant: contoso, filters: { service: { eq: 3 } } }",
    "c: { tenant: contoso, topic: own }",
  );
  expect(load(disjoint).warnings).toEqual([]);
});

test.each([
  ["filters: { date: { gte: 1 } }", "scans.a.filters.date", "with cursorField auto either time may be the field"],
  ["cursorField: date, filters: { date: { gte: 1 } }", "scans.a.filters.date", 'say where it begins with "start"'],
  ["cursorField: created, filters: { date: { gte_ndays: 1 } }", "scans.a.filters.date.gte_ndays", 'use "start"'],
  ["filters: { services: { eq: 1 } }", "scans.a.filters.services", 'did you mean "service"?'],
  ["filters: { activity.id: { equals: 1 } }", 'scans.a.filters["activity.id"].equals', "known are eq"],
])("the filter %s is refused", (options, path, message) => {
  const problems = problemsOf(scans(`a: { tenant: contoso, ${options} }`));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(`${path} (line 7): `);
  expect(problems[0]).toContain(message);
});

test("an operator that is not documented for a filter is taken with a warning", () => {
  const { warnings } = load(scans("a: { tenant: contoso, filters: { service: { isset: true } } }"));
  expect(warnings).toEqual([
    "scans.a.filters.service.isset (line 7): not documented for this filter (eq, neq are); the API may refuse it",
  ]);
});

test("no two topics are one", () => {
  expect(problemsOf(`${MINIMAL}topics: { activities: { name: x }, cursors: { name: x } }`)).toEqual([
    "topics.activities.name (line 6): the same topic as topics.cursors: x",
  ]);
  expect(problemsOf(scans("a: { tenant: contoso, topic: 'mdca-activities-dlq' }"))).toEqual([
    "scans.a.topic (line 7): the same topic as topics.dlq: mdca-activities-dlq",
  ]);
  expect(problemsOf(scans(`a: { tenant: contoso, topic: 'x \${scan}' }`))).toEqual([
    'scans.a.topic (line 7): makes the topic "x a", which is no topic name',
  ]);
});

test("a password that would travel unencrypted gets a warning, but not to this machine", () => {
  const sasl = `sasl: { mechanism: plain, username: u, password: "\${env:CONTOSO_TOKEN}" }`;
  const warningsOf = (kafka: string) => load(`${MINIMAL}kafka: { ${kafka}, ${sasl} }`).warnings;
  expect(warningsOf("brokers: [k:9092]")).toEqual([
    "kafka.sasl (line 6): without kafka.ssl the password travels unencrypted",
  ]);
  expect(warningsOf("brokers: [k:9092], ssl: true")).toEqual([]);
  expect(warningsOf("brokers: [localhost:9092, '[::1]:9']")).toEqual([]);
  const auth = `auth: { username: u, password: "\${env:CONTOSO_TOKEN}" }`;
  expect(load(`${MINIMAL}schemaRegistry: { url: "http://r:8081", ${auth} }`).warnings).toHaveLength(1);
  expect(load(`${MINIMAL}schemaRegistry: { url: "http://localhost:8081", ${auth} }`).warnings).toEqual([]);
});
