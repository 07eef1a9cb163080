import kafkajs, { type AclEntry } from "kafkajs";
import { expect } from "vitest";

const { READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS, DELETE } = kafkajs.AclOperationTypes;
const { TOPIC, GROUP, TRANSACTIONAL_ID } = kafkajs.AclResourceTypes;

/** A right by the part that it plays: the topics, or what begins with the cursors topic's name. */
export type Part = "activities" | "cursors" | "dlq" | "transactional-id" | "group";

/** All that the README asks for. */
const RIGHTS: readonly (readonly [Part, readonly number[]])[] = [
  ["activities", [WRITE, DESCRIBE, DESCRIBE_CONFIGS]],
  ["cursors", [READ, WRITE, DESCRIBE, DESCRIBE_CONFIGS]],
  ["dlq", [WRITE, DESCRIBE, DESCRIBE_CONFIGS]],
  ["transactional-id", [WRITE, DESCRIBE]],
  ["group", [READ, DELETE]],
];

/** Each right of the connector's user, for topics named after the activities topic. */
export function rightsOf(topic: string): { part: Part; entry: AclEntry }[] {
  const names = { activities: topic, dlq: `${topic}-dlq`, cursors: `${topic}-cursors` };
  return RIGHTS.flatMap(([part, operations]) => {
    const isTopic = part !== "transactional-id" && part !== "group";
    const resource = {
      resourceName: isTopic ? names[part] : names.cursors,
      resourceType: isTopic ? TOPIC : part === "group" ? GROUP : TRANSACTIONAL_ID,
      resourcePatternType: kafkajs.ResourcePatternTypes[isTopic ? "LITERAL" : "PREFIXED"],
    };
    const entry = { principal: "User:connector", host: "*", permissionType: kafkajs.AclPermissionTypes.ALLOW };
    return operations.map((operation) => ({ part, entry: { ...entry, ...resource, operation } }));
  });
}

const COMMAND =
  /^kafka-acls --bootstrap-server \S+ --add --allow-principal (\S+)((?: --operation \w+)+) --(topic|group|transactional-id) (\S+)( --resource-pattern-type prefixed)?$/;

/** What the command as it was printed adds; it is read as strictly as the tool does. */
export function entriesOf(command: string): AclEntry[] {
  const [, principal = "", operations = "", type = "", resourceName = "", prefixed] = COMMAND.exec(command) ?? [];
  expect(principal, command).not.toBe("");
  const resourceType = { topic: TOPIC, group: GROUP, "transactional-id": TRANSACTIONAL_ID }[type] ?? TOPIC;
  const resourcePatternType = kafkajs.ResourcePatternTypes[prefixed === undefined ? "LITERAL" : "PREFIXED"];
  const all = { DESCRIBE_CONFIGS, READ, WRITE, DESCRIBE, DELETE };
  return [...operations.matchAll(/--operation (\w+)/g)].map(([, word = ""]) => {
    const operation = all[word.replace("DescribeC", "Describe_C").toUpperCase() as keyof typeof all];
    const permissionType = kafkajs.AclPermissionTypes.ALLOW;
    return { principal, host: "*", permissionType, resourceName, resourceType, resourcePatternType, operation };
  });
}
