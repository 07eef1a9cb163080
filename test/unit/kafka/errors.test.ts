import { createRequire } from "node:module";
import kafkajs from "kafkajs";
import { describe, expect, test } from "vitest";
import { connectionError, failureOf, isConcurrentTransactions, transactionError } from "../../../src/kafka/errors.ts";
import { ConnectorError } from "../../../src/kit/errors.ts";

const { createErrorFromCode } = createRequire(import.meta.url)("kafkajs/src/protocol/error");
const byCode = (code: number): Error => createErrorFromCode(code);
/** As kafkajs's retrier throws it after its last attempt. */
const retried = (error: Error) => new kafkajs.KafkaJSNumberOfRetriesExceeded(error, { retryCount: 0, retryTime: 50 });

describe("failures of the brokers", () => {
  test.each([
    ["INVALID_PRODUCER_EPOCH", byCode(47)],
    ["INVALID_PRODUCER_EPOCH after retries", retried(byCode(47))],
    ["INVALID_PRODUCER_EPOCH as a cause", Object.assign(new Error("no"), { cause: byCode(47) })],
    ["PRODUCER_FENCED, a code that kafkajs does not know", byCode(90)],
  ])("%s means that a newer owner has taken over", (_, error) => {
    const told = transactionError(error, "a transaction on shard 3 of mdca-cursors");
    expect(told).toMatchObject({ code: "publish_fenced", disposition: "fatal", cause: error });
    expect(told.message).toMatch(/shard 3 of mdca-cursors.*another process with the same cursors topic.*group/);
    expect(connectionError(error, "opening").code).toBe("publish_fenced");
  });

  test.each([29, 30, 31, 33, 50, 53, 58])("code %i of the protocol is a refusal with a remedy", (code) => {
    const told = connectionError(retried(byCode(code)), "opening shard 0");
    expect(told).toMatchObject({ code: "kafka_refused", disposition: "fatal" });
    expect(told.message.split("; ").length).toBeGreaterThan(1);
  });

  test("a refusal inside a transaction is a failed transaction, with the same remedy", () => {
    const told = transactionError(byCode(29), "a transaction");
    expect(told).toMatchObject({ code: "publish_failed", disposition: "retry" });
    expect(told.message).toMatch(/Read and Write on its topics/);
  });

  test("the most telling of several errors decides", () => {
    const several = new kafkajs.KafkaJSAggregateError("Topic creation errors", [byCode(7), byCode(29)]);
    expect(failureOf(several)).toMatchObject({ kind: "refused", found: expect.stringContaining("AUTHORIZATION") });
  });

  test("what is not known is to be waited for, in its own words", () => {
    expect(connectionError(new TypeError("odd"), "reading")).toMatchObject({
      code: "kafka_unavailable",
      message: "reading: odd",
    });
    expect(connectionError("just text", "reading").message).toBe("reading: just text");
  });

  test("an error of ours passes as it is, from inside as well", () => {
    const own = new ConnectorError("secret_unreadable", "gone", { disposition: "retry" });
    expect(connectionError(own, "opening")).toBe(own);
    expect(transactionError(retried(own), "a transaction")).toBe(own);
  });

  test("an error that is its own cause ends", () => {
    const looped = new Error("loop");
    looped.cause = looped;
    expect(failureOf(looped).kind).toBe("unavailable");
  });

  test("only the refusal between two transactions is worth repeating", () => {
    expect(isConcurrentTransactions(retried(byCode(51)))).toBe(true);
    for (const code of [47, 48, 49, 90]) expect(isConcurrentTransactions(retried(byCode(code)))).toBe(false);
  });
});
