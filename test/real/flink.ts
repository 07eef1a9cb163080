import { join } from "node:path";
import { ALERT_TABLES } from "../../deploy/generate/flink-ddl.ts";
import { type Running, root, start } from "./process.ts";
import { createTopics } from "./topics.ts";

/** The statements of `deploy/flink` in one JVM, Flink in it. */
export interface FlinkOptions {
  readonly bootstrap: string;
  readonly registry: string;
  /** Of the activities. */
  readonly topic: string;
  /** What the topics of alerts begin with. */
  readonly alerts: string;
  /** Other values than those of variables.properties, or options of Flink (those with a dot). */
  readonly variables?: Readonly<Record<string, string | number>>;
  /** Files of statements to run beside the jobs. */
  readonly files?: readonly string[];
}

/** Every job of `deploy/flink`, started and running. */
export async function startFlink(options: FlinkOptions): Promise<Running> {
  const { bootstrap, registry, topic, alerts, variables, files = [] } = options;
  const given = { brokers: bootstrap, registry, topic, alerts, group: alerts, ...variables };
  const jobs = files.length === 0 ? [] : [...ALERT_TABLES.map(({ name }) => name), ...files];
  const flags = Object.entries(given).map(([name, value]) => `-D${name}=${value}`);
  const flink = start([join(root, "deploy/flink/run.sh"), ...flags, ...jobs], { name: "flink" });
  await flink.waitFor(() => ALERT_TABLES.every(({ name }) => flink.log().includes(`running ${name} `)), 180_000);
  return flink;
}

export const alertTopic = (alerts: string, name: string): string => `${alerts}-${name}`;

/** The topics that alerts are written to: Flink makes none. Those with keys are compacted. */
export async function createAlertTopics(bootstrap: string, alerts: string): Promise<void> {
  const compacted = [{ name: "cleanup.policy", value: "compact" }];
  await createTopics(
    bootstrap,
    ALERT_TABLES.map(({ name, key }) => ({
      topic: alertTopic(alerts, name),
      numPartitions: 1,
      ...(key === null ? {} : { configEntries: compacted }),
    })),
  );
}
