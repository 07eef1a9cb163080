import { describe, expect, test } from "vitest";
import { Archive } from "../../../src/mock-tenant/archive.ts";
import { compileFilters, type Filters, shows } from "../../../src/mock-tenant/filters.ts";
import { MOCK_TENANT_DEFAULTS } from "../../../src/mock-tenant/settings.ts";
import { activityText } from "../../../src/mock-tenant/text.ts";
import { START_MS, tenant } from "./fixture.ts";

const archive = new Archive({ ...MOCK_TENANT_DEFAULTS, backlog: 500, backlogSpanMs: 3 * 86_400_000 }, START_MS);
const everything = Array.from({ length: archive.count }, (_, index) => index);

interface Known {
  readonly _id: string;
  readonly created: number;
  readonly timestamp: number;
  readonly saasId: number;
  readonly eventTypeName: string;
  readonly device: { readonly clientIP: string; readonly countryCode: string };
  readonly description: string;
  readonly resolvedActor: { readonly id: string };
}

const activities = everything.map((index) => JSON.parse(activityText(archive, index, MOCK_TENANT_DEFAULTS)) as Known);

function found(filters: Filters): Known[] {
  const compiled = compileFilters(filters, START_MS);
  if (Array.isArray(compiled)) throw new Error(JSON.stringify(compiled));
  return everything.filter((index) => shows(archive, index, compiled, START_MS)).map((index) => activities[index]!);
}

const middle = activities[250]!;

describe("time filters", () => {
  const cases: [string, Filters, (a: Known) => boolean][] = [
    ["created.gte", { created: { gte: middle.created } }, (a) => a.created >= middle.created],
    ["created.gt", { created: { gt: middle.created } }, (a) => a.created > middle.created],
    ["created.lte", { created: { lte: middle.created } }, (a) => a.created <= middle.created],
    ["created.lt", { created: { lt: middle.created } }, (a) => a.created < middle.created],
    ["created.eq", { created: { eq: middle.created } }, (a) => a.created === middle.created],
    ["date.gte", { date: { gte: middle.timestamp } }, (a) => a.timestamp >= middle.timestamp],
    ["date.lte", { date: { lte: middle.timestamp } }, (a) => a.timestamp <= middle.timestamp],
    ["date.gte_ndays", { date: { gte_ndays: 1 } }, (a) => a.timestamp >= START_MS - 86_400_000],
    ["date.lte_ndays", { date: { lte_ndays: 2 } }, (a) => a.timestamp <= START_MS - 2 * 86_400_000],
    [
      "date.range as an object",
      { date: { range: { start: START_MS - 9e7, end: START_MS - 5e7 } } },
      (a) => a.timestamp >= START_MS - 9e7 && a.timestamp <= START_MS - 5e7,
    ],
    [
      "created.range as a list of two",
      {
        created: {
          range: [
            { start: 0, end: START_MS - 2e8 },
            { start: START_MS - 1e7, end: START_MS },
          ],
        },
      },
      (a) => a.created <= START_MS - 2e8 || a.created >= START_MS - 1e7,
    ],
    [
      "both times together",
      { created: { gte: middle.created }, date: { lte: START_MS - 4e7 } },
      (a) => a.created >= middle.created && a.timestamp <= START_MS - 4e7,
    ],
  ];
  test.each(cases)("%s", (_, filters, expected) => {
    const wanted = activities.filter(expected);
    expect(wanted.length).toBeGreaterThan(0);
    expect(wanted.length).toBeLessThan(activities.length);
    expect(found(filters)).toEqual(wanted);
  });
});

describe("other filters", () => {
  const user = "user3@contoso.example";
  const cases: [string, Filters, (a: Known) => boolean][] = [
    ["service.eq", { service: { eq: [20893] } }, (a) => a.saasId === 20893],
    ["service.eq, scalar", { service: { eq: 15600 } }, (a) => a.saasId === 15600],
    ["service.neq", { service: { neq: [20893, 11161] } }, (a) => a.saasId !== 20893 && a.saasId !== 11161],
    [
      "activity.eventType.eq",
      { "activity.eventType": { eq: ["EVENT_CATEGORY_LOGIN"] } },
      (a) => a.eventTypeName === "EVENT_CATEGORY_LOGIN",
    ],
    [
      "activity.eventActionType.neq",
      { "activity.eventActionType": { neq: ["EVENT_CATEGORY_LOGIN"] } },
      (a) => a.eventTypeName !== "EVENT_CATEGORY_LOGIN",
    ],
    ["text.text", { text: { text: "mail items" } }, (a) => a.description.includes("mail items")],
    ["ip.address.startswith", { "ip.address": { startswith: "2001:" } }, (a) => a.device.clientIP.startsWith("2001:")],
    [
      "ip.address.doesnotstartwith",
      { "ip.address": { doesnotstartwith: ["2001:"] } },
      (a) => !a.device.clientIP.startsWith("2001:"),
    ],
    ["location.country.eq", { "location.country": { eq: ["JP", "NL"] } }, (a) => /JP|NL/.test(a.device.countryCode)],
    [
      "user.username.eq",
      { "user.username": { eq: [user] } },
      (a) => a.resolvedActor.id === "3fa9f28b-eb0e-463a-ba7b-000000000003",
    ],
    ["activity.id.eq", { "activity.id": { eq: [middle._id] } }, (a) => a._id === middle._id],
  ];
  test.each(cases)("%s", (_, filters, expected) => {
    const wanted = activities.filter(expected);
    expect(wanted.length).toBeGreaterThan(0);
    expect(found(filters)).toEqual(wanted);
  });

  test("isset and isnotset", () => {
    expect(found({ "location.country": { isset: true } })).toHaveLength(500);
    expect(found({ "location.country": { isnotset: true } })).toHaveLength(0);
    expect(found({ policy: { isnotset: true } })).toHaveLength(500);
  });

  test("conditions are ANDed", () => {
    const filters = { service: { eq: [20893], neq: [20893] } };
    expect(found(filters)).toHaveLength(0);
  });
});

describe("wrong filters are answered with 400 and the API's validation error", () => {
  test.each<[string, unknown]>([
    ["an unknown field", { nope: { eq: [1] } }],
    ["an unknown operator", { service: { about: [1] } }],
    ["an operator of another field", { service: { startswith: ["1"] } }],
    ["a strict bound on date", { date: { gt: 5 } }],
    ["days on created", { created: { gte_ndays: 1 } }],
    ["a time that is text", { date: { gte: "2026-11-23" } }],
    ["a service that is text", { service: { eq: ["20893"] } }],
    ["no operands", { service: { eq: [] } }],
    ["no operators", { service: 20893 }],
    ["a list for filters", []],
    ["an inherited name", { constructor: { eq: [1] } }],
  ])("%s", async (_, filters) => {
    await using mock = await tenant({});
    const response = await mock.post({ isScan: true, filters });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      filters: [
        {
          error: expect.stringMatching(/ is not valid$/),
          errorMessageCode: "CONSOLE_FORMS_NOT_VALID_VALUE",
          errorMessageParams: {},
        },
      ],
      error: true,
    });
  });

  test("a wrong sort field, direction, limit and a broken body", async () => {
    await using mock = await tenant({});
    for (const body of [
      { sortField: "timestamp" },
      { sortDirection: "up" },
      { limit: "many" },
      { limit: 0 },
      "{nope",
    ]) {
      expect((await mock.post(typeof body === "string" ? body : { isScan: true, ...body })).status).toBe(400);
    }
  });
});
