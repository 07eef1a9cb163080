import type { TopicSpec } from "./port.ts";

/** What the connector does to a resource, in the words of `kafka-acls`. */
export type Operation = "Create" | "Delete" | "Describe" | "DescribeConfigs" | "Read" | "Write";

/** A right that the connector's user needs. */
export interface Right {
  readonly resource: "topic" | "transactional-id" | "group";
  /** Of a topic; of transactional ids and groups what they begin with. */
  readonly name: string;
  readonly operation: Operation;
}

const onTopic =
  (...operations: Operation[]) =>
  ({ name }: Pick<TopicSpec, "name">): Right[] =>
    operations.map((operation) => ({ resource: "topic", name, operation }));

const onCursors = onTopic("Describe", "DescribeConfigs", "Read", "Write");
const onRecords = onTopic("Describe", "DescribeConfigs", "Write");

/** What a topic that is there is used for. Only the cursors topic is read. */
export const topicRights = (spec: TopicSpec): Right[] => (spec.kind === "cursors" ? onCursors(spec) : onRecords(spec));

export const createRight = onTopic("Create");

/** Of all transactional ids and groups: they begin with the cursors topic's name. */
export const transactionRights = (cursorsTopic: string): Right[] =>
  (["Describe", "Write"] as const).map((operation) => ({
    resource: "transactional-id",
    name: cursorsTopic,
    operation,
  }));

export const groupRights = (cursorsTopic: string): Right[] =>
  (["Read", "Delete"] as const).map((operation) => ({ resource: "group", name: cursorsTopic, operation }));

/** Everything that `run` needs. @param create whether it creates the topics that are missing. */
export function allRights(specs: readonly TopicSpec[], create: boolean): Right[] {
  const { name = "" } = specs.find(({ kind }) => kind === "cursors") ?? {};
  const ofTopics = specs.flatMap((spec) => [...topicRights(spec), ...(create ? createRight(spec) : [])]);
  return [...ofTopics, ...transactionRights(name), ...groupRights(name)];
}

export interface Grant {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  /** Whom the brokers take the connector for, e.g. `User:connector`. */
  readonly principal: string;
}

/** Commands of Kafka's own tools that grant the rights, one a resource. */
export function aclCommands(rights: readonly Right[], { brokers, principal }: Grant): string[] {
  const operations = new Map<string, Operation[]>();
  for (const { resource, name, operation } of rights) {
    const pattern = resource === "topic" ? "" : " --resource-pattern-type prefixed";
    const key = `--${resource} ${name}${pattern}`;
    operations.set(key, [...(operations.get(key) ?? []), operation]);
  }
  const start = `kafka-acls --bootstrap-server ${brokers.join(",")} --add --allow-principal ${principal}`;
  return [...operations].map(
    ([resource, each]) => `${start} ${each.map((operation) => `--operation ${operation}`).join(" ")} ${resource}`,
  );
}
