import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { ALERT_TABLES } from "../../deploy/generate/flink-ddl.ts";
import { type Running, root, start } from "./process.ts";

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
}

/** Every job of `deploy/flink`, started and running. */
export async function startFlink({ bootstrap, registry, topic, alerts, variables }: FlinkOptions): Promise<Running> {
  const given = { brokers: bootstrap, registry, topic, alerts, group: alerts, ...variables };
  const flags = Object.entries(given).map(([name, value]) => `-D${name}=${value}`);
  const flink = start([join(root, "deploy/flink/run.sh"), ...flags], { name: "flink" });
  await flink.waitFor(() => ALERT_TABLES.every(({ name }) => flink.log().includes(`running ${name} `)), 180_000);
  return flink;
}

export const alertTopic = (alerts: string, name: string): string => `${alerts}-${name}`;

/** The topics that alerts are written to: Flink makes none. Those with keys are compacted. */
export async function createAlertTopics(bootstrap: string, alerts: string): Promise<void> {
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = ALERT_TABLES.map(({ name, key }) => ({
    topic: alertTopic(alerts, name),
    numPartitions: 1,
    configEntries: key === null ? [] : [{ name: "cleanup.policy", value: "compact" }],
  }));
  await admin.createTopics({ topics, waitForLeaders: true });
  await admin.disconnect();
}
