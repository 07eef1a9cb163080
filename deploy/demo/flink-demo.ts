import { type Alert, followAlerts } from "../../test/real/alert-reader.ts";
import { createAlertTopics, startFlink } from "../../test/real/flink.ts";
import { eventually } from "../../test/real/process.ts";
import { startDownstream, startMock } from "../../test/real/stack.ts";
import { type Story, storiesOf } from "../../test/real/stories.ts";
import { givenDownstream, startDemoConnector } from "./demo-connector.ts";

const topic = `mdca-flink-demo-${Date.now().toString(36)}`;
const LONGEST_MS = 180_000;
/** What may still come when every story is found: something that is none. */
const AFTERWARDS_MS = 15_000;

const MOCK_FLAGS = [
  ["--backlog", "2000", "--backlog-span", "20m", "--rate", "30"],
  // Activities are saved after seconds here and not after minutes, so that Flink need not wait for so long.
  ["--saving-delay-min", "1s", "--saving-delay-max", "4s", "--story-after", "20s", "--story-span", "15s"],
  ["--story", "exfiltration", "--story", "impossible-traveller", "--story", "password-spray"],
].flat();
const VARIABLES = { lateness: "'30' SECOND", "execution.checkpointing.interval": "2s" };

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** What each kind of alert says, in one line; the others are no alerts. */
const TEXTS: Readonly<Record<string, (alert: Alert) => string>> = {
  "mass-download": ({ user_name: user, downloads }) => `${user} downloaded ${downloads} files within minutes`,
  "impossible-travel": ({ user_name: user, from_city: from, to_city: to, km, kmh }) =>
    `${user} logged in in ${from} and then in ${to}: ${Math.round(Number(km))} km at ${Math.round(Number(kmh))} km/h`,
  "login-after-failures": ({ user_name: user, ip, failed, users_tried: users }) =>
    `${user} logged in from ${ip}, after ${failed} failed logins of ${users} users from there`,
  "late-activities": ({ activity_id: id, behind_seconds: seconds }) => `${id} came ${seconds} s too late to be judged`,
};

/** The alert that tells of each story, and what shows that it is of this one. */
const FINDS: readonly (readonly [story: string, alerts: string, isOf: (alert: Alert, story: Story) => boolean])[] = [
  ["exfiltration", "mass-download", ({ user_name: user }, { users }) => users.includes(String(user))],
  ["impossible-traveller", "impossible-travel", ({ to_id: id }, { ids }) => id === ids.at(-1)],
  ["password-spray", "login-after-failures", ({ activity_id: id }, { ids }) => id === ids.at(-1)],
];

async function demo(): Promise<boolean> {
  say("Starting Kafka and the schema registry …");
  await using downstream = await startDownstream(givenDownstream());
  await using mock = await startMock(MOCK_FLAGS);
  say("  a mock tenant: 2,000 activities waiting, 30 new a second, three attackers among them in 20 seconds");
  await using connector = await startDemoConnector(mock.url, downstream, topic, {
    MDCA_SOURCE__SCANS__DEMO_ALL__CATCH_UP__ORDER: "in-order",
  });
  say(`The connector runs: http://127.0.0.1:${connector.port}/`);
  const alerts = `${topic}-alerts`;
  await createAlertTopics(downstream.bootstrap, alerts);
  say("Starting Flink with the jobs of deploy/flink …\n");
  await using flink = await startFlink({ ...downstream, topic, alerts, variables: VARIABLES });
  await using reader = await followAlerts({ ...downstream, alerts }, (name, alert) => {
    const text = TEXTS[name];
    if (text !== undefined) say(`  ${new Date().toISOString().slice(11, 19)} ${name}: ${text(alert)}`);
  });
  const foundAll = () => FINDS.every(([, name]) => reader.all(name).length > 0);
  const isOver = AbortSignal.timeout(LONGEST_MS);
  await eventually(() => foundAll() || isOver.aborted || !flink.isRunning(), LONGEST_MS + 10_000, "the alerts");
  const untilMs = performance.now() + AFTERWARDS_MS;
  await eventually(() => performance.now() > untilMs, 2 * AFTERWARDS_MS, "what else there is");
  const stories = await storiesOf(mock.url);
  const rows: [string, number, boolean][] = FINDS.map(([name, kind, isOf]) => {
    const [found, story] = [reader.all(kind), stories.get(name)];
    const isRight = found.length === 1 && story !== undefined && found.every((alert) => isOf(alert, story));
    return [`alerts ${kind}: the ${name}, once, and nothing else`, found.length, isRight];
  });
  const late = reader.all("late-activities").length;
  const counted = reader.last("activity-counts").reduce((sum, { activities }) => sum + Number(activities), 0);
  rows.push(["activities too late to be judged", late, late === 0], ["activities counted", counted, counted > 2_000]);
  say("");
  for (const [what, value, good] of rows) say(`  ${good ? "ok  " : "FAIL"} ${what}: ${value.toLocaleString("en")}`);
  const passed = rows.every(([, , good]) => good);
  say(`\nFlink's log: ${flink.logFile}\nNext: docs/downstream-flink.md.\n${passed ? "PASS" : "FAIL"}`);
  return passed;
}

process.exitCode = (await demo()) ? 0 : 1;
