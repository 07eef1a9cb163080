import { TOPIC_NAME } from "./leaves.ts";
import { isTree, type Path, valueAt } from "./path.ts";

const ACTIVITIES_DEFAULT = "mdca-activities";

export interface TopicNames {
  /** Where activities go, with the option that says so. `invalid`: what was filled in makes no topic name. */
  readonly activities: readonly { readonly path: Path; readonly topic: string; readonly invalid: boolean }[];
  readonly cursors: string;
  readonly dlq: string;
  /** The activities topic of a scan. */
  topicOf(scan: string): string;
}

/** The topics' names with their defaults; works on the tree as written and on what it parses to. */
export function topicNamesOf(tree: unknown): TopicNames {
  const text = (path: Path, otherwise: string) => {
    const value = valueAt(tree, path);
    return typeof value === "string" ? value : otherwise;
  };
  const activities = text(["topics", "activities", "name"], ACTIVITIES_DEFAULT);
  const topicOf = (scan: string) => {
    const tenant = text(["scans", scan, "tenant"], "");
    const template = text(["scans", scan, "topic"], activities);
    return template.replaceAll(`\${tenant}`, tenant).replaceAll(`\${scan}`, scan);
  };
  const scans = valueAt(tree, ["scans"]);
  const own = Object.keys(isTree(scans) ? scans : {}).filter(
    (scan) => valueAt(tree, ["scans", scan, "topic"]) !== undefined,
  );
  return {
    activities: [
      { path: ["topics", "activities", "name"], topic: activities, invalid: false },
      ...own.map((scan) => {
        const topic = topicOf(scan);
        return { path: ["scans", scan, "topic"], topic, invalid: !TOPIC_NAME.test(topic) };
      }),
    ],
    cursors: text(["topics", "cursors", "name"], `${activities}-cursors`),
    dlq: text(["topics", "dlq", "name"], `${activities}-dlq`),
    topicOf,
  };
}
