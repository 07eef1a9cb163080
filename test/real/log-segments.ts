import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Broker } from "./broker.ts";
import { kafkaJars, runTool } from "./jvm.ts";

/** A topic's segments as the broker's files, in their order. */
function segmentFiles(broker: Broker, topic: string): string[] {
  const data = join(broker.dir, "data");
  const partitions = readdirSync(data).filter((name) => new RegExp(`^${topic}-\\d+$`).test(name));
  return partitions.flatMap((name) =>
    readdirSync(join(data, name))
      .filter((file) => file.endsWith(".log"))
      .sort()
      .map((file) => join(data, name, file)),
  );
}

export interface TransactionMarkers {
  readonly commits: number;
  /** Transactions that were open when their owner went, and were ended for it. */
  readonly aborts: number;
}

/** The ends of transactions in a topic, as Kafka's own tool reads them. */
export async function transactionMarkers(broker: Broker, topic: string): Promise<TransactionMarkers> {
  const files = segmentFiles(broker, topic).join(",");
  const dump = ["kafka.tools.DumpLogSegments", "--print-data-log", "--files", files];
  const text = await runTool(["java", "-Xmx256m", "-cp", kafkaJars, ...dump], { timeoutMs: 120_000 });
  const count = (marker: string) => text.split(`endTxnMarker: ${marker}`).length - 1;
  return { commits: count("COMMIT"), aborts: count("ABORT") };
}

// Of a batch's header: where its length stands, which counts what follows it, and its number of records.
const LENGTH_AT = 8;
const AFTER_LENGTH = 12;
const COUNT_AT = 57;

/**
 * How many records each batch of a topic still has, segment by segment. Read from the files themselves, as Kafka's
 * tool takes longer to start than an eager cleaner lets a segment live. @throws when one goes while it is read.
 */
export function batchCounts(broker: Broker, topic: string): number[][] {
  return segmentFiles(broker, topic).map((file) => {
    const bytes = readFileSync(file);
    const counts: number[] = [];
    for (let at = 0; at + COUNT_AT + 4 <= bytes.length; at += AFTER_LENGTH + bytes.readInt32BE(at + LENGTH_AT)) {
      counts.push(bytes.readInt32BE(at + COUNT_AT));
    }
    return counts;
  });
}
