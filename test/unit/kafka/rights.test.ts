import { expect, test } from "vitest";
import { aclCommands, allRights } from "../../../src/kafka/rights.ts";

const specs = (["activities", "cursors", "dlq"] as const).map((kind) => ({
  name: kind,
  partitions: 1,
  replicationFactor: 1,
  kind,
}));
const grant = { brokers: ["a:1", "b:2"], principal: "User:connector" };
const START = "kafka-acls --bootstrap-server a:1,b:2 --add --allow-principal User:connector";

test("everything that run needs is one command a resource: only cursors are read, what is named after them is prefixed", () => {
  expect(aclCommands(allRights(specs, false), grant)).toEqual([
    `${START} --operation Describe --operation DescribeConfigs --operation Write --topic activities`,
    `${START} --operation Describe --operation DescribeConfigs --operation Read --operation Write --topic cursors`,
    `${START} --operation Describe --operation DescribeConfigs --operation Write --topic dlq`,
    `${START} --operation Describe --operation Write --transactional-id cursors --resource-pattern-type prefixed`,
    `${START} --operation Read --operation Delete --group cursors --resource-pattern-type prefixed`,
  ]);
});

test("where run makes the topics it needs to create them as well", () => {
  const created = allRights(specs, true).filter(({ operation }) => operation === "Create");
  expect(created.map(({ name }) => name)).toEqual(["activities", "cursors", "dlq"]);
});

test("nothing is granted where nothing is missing", () => {
  expect(aclCommands([], grant)).toEqual([]);
});
