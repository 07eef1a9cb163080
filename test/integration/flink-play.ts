import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ALERT_TABLES } from "../../deploy/generate/flink-ddl.ts";
import { activitySchema } from "../../src/activity/schema.ts";
import { type Alert, type AlertReader, followAlerts } from "../real/alert-reader.ts";
import { ensureBuilt } from "../real/built.ts";
import { type Decoded, followTopics } from "../real/decoded-topics.ts";
import { createAlertTopics, startFlink } from "../real/flink.ts";
import type { Held } from "../real/held.ts";
import { startLive } from "../real/live-connector.ts";
import { newerRelease } from "../real/newer-release.ts";
import { eventually, type Running, scratchDir } from "../real/process.ts";
import { startDownstream, startMock } from "../real/stack.ts";
import { type Story, storiesOf } from "../real/stories.ts";
import { createTopics } from "../real/topics.ts";
import { documentsOf, putActivities, truthOf, type Where } from "./flink-tenant.ts";
import type { Document } from "./flink-truth.ts";

const TOPIC = "flink";
const ALERTS = "flink-alerts";
export const TENANT = "contoso";
const COPY = "flink-copy";
const PARTITIONS = 6;
const HOUR_MS = 3_600_000;

/** What is written beside the connector in the end: it belongs to a tenant of its own. */
const CLOCK_TENANT = "clock";
export const LATE_ID = "late-login";

// Partitions are busy until all is published, and none may be taken for idle by a slow machine.
const VARIABLES = { idle: 600, "execution.checkpointing.interval": "1s" };
const STORIES = ["exfiltration", "impossible-traveller", "password-spray"];
const MOCK = [
  ["--backlog", "600", "--backlog-span", "30m", "--rate", "20", "--request-limit", "100000"],
  STORIES.flatMap((story) => ["--story", story]),
  ["--story-after", "10s", "--story-span", "10s", "--saving-delay-min", "1s", "--saving-delay-max", "4s"],
  ["--late-visible-share", "0.3", "--late-visible-max", "8s"],
].flat();

export interface Played {
  readonly flink: Running;
  readonly alerts: AlertReader;
  /** What a reader of the schema as it is in the sources has got, and what that was written by. */
  readonly read: readonly Decoded[];
  readonly schemaIds: ReadonlySet<number>;
  /** What Flink has read, by `_id`. */
  readonly copies: ReadonlyMap<unknown, Decoded>;
  readonly stories: ReadonlyMap<string, Story>;
  readonly documents: readonly Document[];
  /** What `late_activities` held before anything was written beside the connector. */
  readonly lateBefore: number;
}

/**
 * The connector is killed in the middle of the stories and goes on as a newer release; a third of the activities is
 * shown seconds late. Then everything is published, and two hours pass for Flink at once.
 */
export async function play(held: Held): Promise<Played> {
  await ensureBuilt();
  const downstream = await held.use(startDownstream());
  const where = { bootstrap: downstream.bootstrap, registry: downstream.registry, topic: TOPIC, alerts: ALERTS };
  await createTopics(where.bootstrap, [
    { topic: TOPIC, numPartitions: PARTITIONS },
    { topic: COPY, numPartitions: 1 },
  ]);
  await createAlertTopics(where.bootstrap, ALERTS);
  const [flink, newer] = await Promise.all([
    held.use(startFlink({ ...where, files: [copyJob(where)], variables: VARIABLES })),
    newerRelease({ name: "uniqueId", type: ["null", "string"], default: null, doc: "Of a later release." }),
  ]);
  const alerts = await held.use(followAlerts(where));
  const read: Decoded[] = [];
  const schemaIds = new Set<number>();
  const old = { ...where, topics: [TOPIC], readerSchema: activitySchema };
  const onActivity = (activity: Decoded, _: string, schemaId: number) => {
    schemaIds.add(schemaId);
    read.push(activity);
  };
  await held.use(followTopics(old, onActivity));
  const copies = new Map<unknown, Decoded>();
  await held.use(followTopics({ ...where, topics: [COPY] }, (copy) => void copies.set(copy["_id"], copy)));
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
      const seen = new Set(read.map(({ _id }) => _id));
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
  await eventually(() => copies.has(LATE_ID), 30_000, "all to be copied");
  return { flink, alerts, read, schemaIds, copies, stories, documents, lateBefore };
}

export const TIED_TENANT = "tied";
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

/** Every column as Flink has read it, written anew: a column whose name is not the schema's would be null in it. */
function copyJob(where: Where): string {
  const file = join(scratchDir("flink-copy"), "copy.sql");
  const columns = activitySchema.fields.map(({ name }) => `\`${name}\``).join(", ");
  const options = {
    connector: "kafka",
    topic: COPY,
    "properties.bootstrap.servers": where.bootstrap,
    format: "avro-confluent",
    "avro-confluent.url": where.registry,
    "avro-confluent.subject": `${COPY}-value`,
  };
  const list = Object.entries(options).map(([name, value]) => `'${name}' = '${value}'`);
  writeFileSync(
    file,
    `CREATE TABLE copy WITH (${list.join(", ")}) LIKE activities (EXCLUDING ALL);\n` +
      `INSERT INTO copy SELECT ${columns} FROM activities;\n`,
  );
  return file;
}

/** An activity of two hours ahead in each partition, so that everything before it is judged; waits until it is. */
async function passTime(where: Where, published: number, alerts: AlertReader): Promise<void> {
  const aheadMs = Date.now() + 2 * HOUR_MS;
  const clock = { timestamp: aheadMs, readAt: aheadMs, scan: "clock", tenant: CLOCK_TENANT, reader: "tail" };
  // What nobody must see: a transaction that is aborted.
  const aborted = { ...TIED[0], _id: "aborted", tenant: TENANT };
  await putActivities(where, [{ partition: 0, activity: aborted }], "abort");
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

export function traveller(stories: ReadonlyMap<string, Story>, documents: readonly Document[]): Document {
  const [first] = stories.get("impossible-traveller")!.ids;
  return documents.find(({ _id }) => _id === first)!;
}

/** A login of the traveller, half an hour before the first, from the other end of the world; it comes hours late. */
export function lateLogin(login: Document): Document {
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
