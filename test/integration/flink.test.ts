import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tablesSql } from "../../deploy/generate/flink-ddl.ts";
import type { Alert } from "../real/alert-reader.ts";
import { Held } from "../real/held.ts";
import { root } from "../real/process.ts";
import { LATE_ID, lateLogin, type Played, play, TENANT, TIED_TENANT, traveller } from "./flink-play.ts";
import { FlinkTruth } from "./flink-truth.ts";

let played: Played;
const held = new Held();
beforeAll(async () => {
  played = await play(held);
});
afterAll(() => held[Symbol.asyncDispose]());

/** What the jobs should have found; `late`: with the activity that came late. */
function expected({ late }: { readonly late: boolean }): FlinkTruth {
  const { stories, documents } = played;
  const login = { ...lateLogin(traveller(stories, documents)), _id: LATE_ID };
  return new FlinkTruth(TENANT, late ? [...documents, login] : documents);
}

const ofTenant = (alerts: readonly Alert[]) => alerts.filter(({ tenant }) => tenant === TENANT);
const sorted = (alerts: readonly Alert[]) => alerts.map((alert) => JSON.stringify(byName(alert))).sort();
const byName = (alert: Alert) => Object.fromEntries(Object.entries(alert).sort());

test("tables.sql is what the schemas give", () => {
  // When it is stale: node --import tsx deploy/generate/flink-tables.ts
  expect(readFileSync(join(root, "deploy/flink/tables.sql"), "utf8")).toBe(tablesSql());
});

test("counts per app and minute are those of the tenant, the late activity's among them", () => {
  const found = sorted(ofTenant(played.alerts.last("activity-counts")));
  expect(found).toEqual(sorted(expected({ late: true }).counts()));
  expect(played.documents.length).toBeGreaterThan(900);
});

test("a user's first activity in a country is the earliest, though another had come before it", () => {
  const found = sorted(ofTenant(played.alerts.last("first-seen-country")));
  expect(found).toEqual(sorted(expected({ late: true }).firstSeenCountries()));
});

test("the exfiltration is found, once, and no other mass download", () => {
  const [story, found] = [played.stories.get("exfiltration")!, ofTenant(played.alerts.all("mass-download"))];
  expect(found).toHaveLength(1);
  const { activity_id: id, ip, user_name: userName, ...what } = found[0]!;
  expect([what]).toEqual(expected({ late: false }).massDownloads(50, 10));
  expect(story.users).toEqual([userName]);
  expect(story.ips).toEqual([ip]);
  expect(story.ids).toContain(id);
});

test("the impossible traveller is found, once, and nobody else", () => {
  const [story, found] = [
    played.stories.get("impossible-traveller")!,
    ofTenant(played.alerts.all("impossible-travel")),
  ];
  const [{ km, kmh, ...travel }] = expected({ late: false }).impossibleTravels(500, 900) as [Alert];
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject(travel);
  expect(found[0]!["km"]).toBeCloseTo(Number(km), 3);
  expect(Number(found[0]!["kmh"]) / Number(kmh)).toBeCloseTo(1, 6);
  expect([travel["from_id"], travel["to_id"]]).toEqual(story.ids);
});

test("of logins at one instant one has come from afar, and one alert says so", () => {
  const found = played.alerts.all("impossible-travel").filter(({ tenant }) => tenant === TIED_TENANT);
  expect(found).toMatchObject([{ from_id: "tied-1", from_city: "Lisbon", from_country: null, to_city: "Boston" }]);
  expect(found[0]!["user_name"]).toBe("ada@contoso.example");
});

test("the password that was sprayed and fitted is found, once, and no other", () => {
  const [story, found] = [played.stories.get("password-spray")!, ofTenant(played.alerts.all("login-after-failures"))];
  expect(sorted(found)).toEqual(sorted(expected({ late: false }).loginsAfterFailures(10, 60)));
  expect(found).toMatchObject([{ activity_id: story.ids.at(-1), users_tried: story.users.length }]);
});

test("nothing that the connector brought was late; what is, is named", () => {
  const late = played.alerts.all("late-activities");
  expect(late.slice(0, played.lateBefore)).toEqual([]);
  expect(late).toMatchObject([{ activity_id: LATE_ID, tenant: TENANT, reader: "lookback" }]);
  expect(Number(late[0]!["behind_seconds"])).toBeGreaterThan(3_600);
});

test("Flink and a reader of the old schema go on while the connector is killed and upgraded to a newer one", () => {
  const { flink, read, schemaIds, documents } = played;
  expect(flink.isRunning()).toBe(true);
  const ids = read.filter(({ tenant }) => tenant === TENANT).map(({ _id }) => _id);
  expect(ids).toHaveLength(documents.length + 1);
  expect(new Set(ids).size).toBe(ids.length);
  expect(schemaIds.size).toBe(2);
  expect(read.every((activity) => !("uniqueId" in activity))).toBe(true);
});

test("Flink reads every field of every activity as it was written", () => {
  const { read, copies } = played;
  expect(copies.size).toBe(read.length);
  for (const activity of read) expect(copies.get(activity["_id"]), String(activity["_id"])).toEqual({ ...activity });
});
