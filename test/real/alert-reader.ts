import { ALERT_TABLES } from "../../deploy/generate/flink-ddl.ts";
import { followTopics } from "./decoded-topics.ts";
import { alertTopic } from "./flink.ts";

/** One record of a topic of alerts. Times are epoch ms. */
export type Alert = Readonly<Record<string, string | number | null>>;

/** Follows all topics of alerts. */
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
  const seen = new Map(ALERT_TABLES.map(({ name }) => [name, [] as Alert[]]));
  const topics = ALERT_TABLES.map(({ name }) => alertTopic(alerts, name));
  const following = await followTopics({ bootstrap, registry, topics }, (record, topic) => {
    const name = topic.slice(alertTopic(alerts, "").length);
    seen.get(name)?.push(record as Alert);
    onAlert(name, record as Alert);
  });
  const all = (name: string) => seen.get(name) ?? [];
  return {
    all,
    last: (name) => {
      const key = ALERT_TABLES.find((table) => table.name === name)?.key ?? [];
      return [...new Map(all(name).map((alert) => [JSON.stringify(key.map((part) => alert[part])), alert])).values()];
    },
    [Symbol.asyncDispose]: () => following[Symbol.asyncDispose](),
  };
}
