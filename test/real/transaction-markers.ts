import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Broker } from "./broker.ts";
import { kafkaJars, runTool } from "./jvm.ts";

export interface TransactionMarkers {
  readonly commits: number;
  /** Transactions that were open when their owner went, and were ended for it. */
  readonly aborts: number;
}

/** The ends of transactions in a topic, as Kafka's own tool reads them from the broker's files. */
export async function transactionMarkers(broker: Broker, topic: string): Promise<TransactionMarkers> {
  const data = join(broker.dir, "data");
  const partitions = readdirSync(data).filter((name) => new RegExp(`^${topic}-\\d+$`).test(name));
  const files = partitions.flatMap((name) =>
    readdirSync(join(data, name))
      .filter((file) => file.endsWith(".log"))
      .map((file) => join(data, name, file)),
  );
  const dump = ["kafka.tools.DumpLogSegments", "--print-data-log", "--files", files.join(",")];
  const text = await runTool(["java", "-Xmx256m", "-cp", kafkaJars, ...dump], { timeoutMs: 120_000 });
  const count = (marker: string) => text.split(`endTxnMarker: ${marker}`).length - 1;
  return { commits: count("COMMIT"), aborts: count("ABORT") };
}
