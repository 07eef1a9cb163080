import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ALERT_TABLES, tablesSql } from "../../deploy/generate/flink-ddl.ts";
import { type Alert, type AlertReader, followAlerts } from "../real/alert-reader.ts";
import { ensureBuilt } from "../real/built.ts";
import { createAlertTopics, startFlink } from "../real/flink.ts";
import { Held } from "../real/held.ts";
import { startLive } from "../real/live-connector.ts";
import { newerRelease } from "../real/newer-release.ts";
import { followAsOld, type OldReader } from "../real/old-reader.ts";
import { eventually, type Running, root } from "../real/process.ts";
import { startDownstream, startMock } from "../real/stack.ts";
import { type Story, storiesOf } from "../real/stories.ts";
import { documentsOf, putActivities, truthOf } from "./flink-tenant.ts";
import { type Document, FlinkTruth } from "./flink-truth.ts";

const TOPIC = "flink";
const ALERTS = "flink-alerts";
const TENANT = "contoso";
const PARTITIONS = 6;
const HOUR_MS = 3_600_000;

/** What is written beside the connector in the end: it belongs to a tenant of its own. */
const CLOCK_TENANT = "clock";
const LATE_ID = "late-login";

const STORIES = ["exfiltration", "impossible-traveller", "password-spray"];
const MOCK = [
  ["--backlog", "600", "--backlog-span", "30m", "--rate", "20", "--request-limit", "100000"],
  STORIES.flatMap((story) => ["--story", story]),
  ["--story-after", "10s", "--story-span", "10s", "--saving-delay-min", "1s", "--saving-delay-max", "4s"],
  ["--late-visible-share", "0.3", "--late-visible-max", "8s"],
].flat();

interface Played {
  readonly flink: Running;
  readonly alerts: AlertReader;
  readonly oldReader: OldReader;
  readonly stories: ReadonlyMap<string, Story>;
  readonly documents: readonly Document[];
  /** What `late_activities` held before anything was written beside the connector. */
  readonly lateBefore: number;
}

let played: Played;
const held = new Held();
beforeAll(async () => {
  played = await play();
});
afterAll(() => held[Symbol.asyncDispose]());

/**
 * The connector is killed in the middle of the stories and goes on as a newer release; a third of the activities is
 * shown seconds late. Then everything is published, and two hours pass for Flink at once.
 */
async function play(): Promise<Played> {
  await ensureBuilt();
  const downstream = await held.use(startDownstream());
  const where = { bootstrap: downstream.bootstrap, registry: downstream.registry, topic: TOPIC, alerts: ALERTS };
  await createActivitiesTopic(where.bootstrap);
  await createAlertTopics(where.bootstrap, ALERTS);
  const [flink, newer] = await Promise.all([
    held.use(startFlink({ ...where, variables: { idle: 600, "execution.checkpointing.interval": "1s" } })),
    newerRelease({ name: "uniqueId", type: ["null", "string"], default: null, doc: "Of a later release." }),
  ]);
  const alerts = await held.use(followAlerts(where));
  const oldReader = await held.use(followAsOld(where.bootstrap, where));
  const mock = await held.use(startMock(MOCK, { built: true }));
  const options = {
    ...where,
    tenantUrl: mock.url,
    requestsPerMinute: 1_200,
    flags: ["--set", "scans.all.catchUp.order=in-order", "--set", 'scans.all.lookbacks=["5s", "12s"]'],
  };
  const first = await held.use(startLive(options));
  await eventually(async () => (await storiesOf(mock.url)).get("exfiltration")!.ids.length > 60, 60_000, "the stories");
  await first.process.kill9();
  await held.use(startLive({ ...options, main: newer }));
  const stories = await eventually(
    async () => {
      const rows = await storiesOf(mock.url);
      return [...rows.values()].every(({ ids, activities }) => ids.length === activities) ? rows : null;
    },
    60_000,
    "the stories to be told",
  );
  await mock.control({ rate: 0 });
  await eventually(
    async () => {
      const seen = new Set(oldReader.activities.map(({ _id }) => _id));
      const { activities } = await mock.stats();
      if (seen.size !== activities) throw new Error(`${seen.size} of ${activities}`);
      return (await truthOf(mock.url)).size === activities;
    },
    90_000,
    "all to be published",
  );
  const documents = await documentsOf(mock.url);
  await passTime(where, documents.length, alerts);
  const lateBefore = alerts.all("late-activities").length;
  await putLate(where, { ...traveller(stories, documents), _id: LATE_ID });
  await eventually(() => alerts.all("late-activities").length > lateBefore, 30_000, "the late activity to be told");
  await eventually(() => alerts.last("first-seen-country").some(isLate), 30_000, "it to be taken in");
  return { flink, alerts, oldReader, stories, documents, lateBefore };
}

const TIED_TENANT = "tied";
const TIED_MS = Date.now();
/** Three logins of one user, the last two at the same instant, an ocean away from the first. */
const TIED = [
  { _id: "tied-1", timestamp: TIED_MS - 60_000, location: { city: "Lisbon", latitude: 38.7, longitude: -9.1 } },
  { _id: "tied-2", timestamp: TIED_MS, location: { city: "Boston", latitude: 42.4, longitude: -71.1 } },
  { _id: "tied-3", timestamp: TIED_MS, location: { city: "Boston", latitude: 42.4, longitude: -71.1 } },
].map((login) => ({
  ...login,
  eventTypeName: "EVENT_CATEGORY_LOGIN",
  user: { userName: "Ada@Contoso.example" },
  ...{ scan: "tied", tenant: TIED_TENANT, reader: "tail", readAt: TIED_MS },
}));

const isLate = ({ activity_id: id }: Alert) => id === LATE_ID;

async function createActivitiesTopic(bootstrap: string): Promise<void> {
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }], waitForLeaders: true });
  await admin.disconnect();
}

type Where = Parameters<typeof putActivities>[0];

/** An activity of two hours ahead in each partition, so that everything before it is judged; waits until it is. */
async function passTime(where: Where, published: number, alerts: AlertReader): Promise<void> {
  const aheadMs = Date.now() + 2 * HOUR_MS;
  const clock = { timestamp: aheadMs, readAt: aheadMs, scan: "clock", tenant: CLOCK_TENANT, reader: "tail" };
  const puts = Array.from({ length: PARTITIONS }, (_, partition) => ({
    partition,
    activity: { _id: `clock-${partition}`, ...clock },
  }));
  await putActivities(where, [...TIED.map((activity) => ({ partition: 0, activity })), ...puts]);
  const judged = () => {
    const counted = alerts.last("activity-counts").reduce((sum, { activities }) => sum + Number(activities), 0);
    const found = Object.fromEntries(ALERT_TABLES.map(({ name }) => [name, alerts.all(name).length]));
    if (
      counted >= published + TIED.length + PARTITIONS &&
      ["mass-download", "impossible-travel", "login-after-failures"].every((name) => found[name])
    )
      return true;
    throw new Error(`${counted} of ${published} counted, records: ${JSON.stringify(found)}`);
  };
  await eventually(judged, 60_000, "all to be counted, and an alert of each kind");
}

function traveller(stories: ReadonlyMap<string, Story>, documents: readonly Document[]): Document {
  const [first] = stories.get("impossible-traveller")!.ids;
  return documents.find(({ _id }) => _id === first)!;
}

/** A login of the traveller, half an hour before the first, from the other end of the world; it comes hours late. */
function lateLogin(login: Document): Document {
  return {
    ...login,
    timestamp: login.timestamp - HOUR_MS / 2,
    location: { countryCode: "NZ", city: "Auckland", latitude: -36.85, longitude: 174.76 },
  };
}

async function putLate(where: Where, login: Document): Promise<void> {
  const { _id, timestamp, appName, eventTypeName, user, resolvedActor, location, device } = lateLogin(login);
  const { userName } = user as { userName: string };
  const known = {
    _id,
    timestamp,
    appName,
    eventTypeName,
    user: { userName },
    resolvedActor: { id: resolvedActor!.id },
  };
  const own = { scan: "all", tenant: TENANT, reader: "lookback", readAt: Date.now() };
  const activity = { ...known, location, device: { clientIP: device!.clientIP }, ...own };
  await putActivities(where, [{ partition: 0, activity }]);
}

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
  const { flink, oldReader, documents } = played;
  expect(flink.isRunning()).toBe(true);
  const ids = oldReader.activities.filter(({ tenant }) => tenant === TENANT).map(({ _id }) => _id);
  expect(ids).toHaveLength(documents.length + 1);
  expect(new Set(ids).size).toBe(ids.length);
  expect(oldReader.schemaIds.size).toBe(2);
  expect(oldReader.activities.every((activity) => !("uniqueId" in activity))).toBe(true);
});
