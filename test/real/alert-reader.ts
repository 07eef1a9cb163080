import { SchemaRegistry } from "@kafkajs/confluent-schema-registry";
import { Kafka, logLevel } from "kafkajs";
import { ALERT_TABLES } from "../../deploy/generate/flink-ddl.ts";
import { alertTopic } from "./flink.ts";

/** One record of a topic of alerts. Times are epoch ms. */
export type Alert = Readonly<Record<string, string | number | null>>;

/** Follows all topics of alerts, decoded by their schemas in the registry; committed transactions alone. */
export interface AlertReader extends AsyncDisposable {
  /** All records so far, in the order of the topic. */
  all(name: string): readonly Alert[];
  /** Of a table with a key, the last record of each. */
  last(name: string): readonly Alert[];
}

/** @param onAlert told of each as it comes. */
export async function followAlerts(
  { bootstrap, registry, alerts }: { readonly bootstrap: string; readonly registry: string; readonly alerts: string },
  onAlert: (name: string, alert: Alert) => void = () => {},
): Promise<AlertReader> {
  const schemas = new SchemaRegistry({ host: registry });
  const seen = new Map(ALERT_TABLES.map(({ name }) => [alertTopic(alerts, name), [] as Alert[]]));
  const names = new Map(ALERT_TABLES.map(({ name }) => [alertTopic(alerts, name), name]));
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `${alerts}-reader-${Date.now()}`, maxWaitTimeInMs: 200 });
  await consumer.connect();
  await consumer.subscribe({ topics: [...seen.keys()], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, message }) => {
      if (message.value === null) return;
      const alert = (await schemas.decode(message.value)) as Alert;
      seen.get(topic)?.push(alert);
      onAlert(names.get(topic) ?? topic, alert);
    },
  });
  const all = (name: string) => seen.get(alertTopic(alerts, name)) ?? [];
  return {
    all,
    last: (name) => {
      const key = ALERT_TABLES.find((table) => table.name === name)?.key ?? [];
      return [...new Map(all(name).map((alert) => [JSON.stringify(key.map((part) => alert[part])), alert])).values()];
    },
    [Symbol.asyncDispose]: () => consumer.disconnect(),
  };
}
