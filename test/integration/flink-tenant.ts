import { SchemaRegistry } from "@kafkajs/confluent-schema-registry";
import { Kafka, logLevel } from "kafkajs";
import { linesOf } from "../real/stories.ts";
import type { Document } from "./flink-truth.ts";

/** Ids of all that the tenant shows. */
export async function truthOf(mockUrl: string): Promise<ReadonlySet<string>> {
  return new Set((await linesOf<{ id: string }>(`${mockUrl}/_truth`)).map(({ id }) => id));
}

/** Everything that the tenant shows, as its API gives it to anybody; exactly what `/_truth` lists. @throws when it is not. */
export async function documentsOf(mockUrl: string): Promise<Document[]> {
  const found = new Map<string, Document>();
  let filters: unknown = { created: { gte: 0 } };
  for (let page = 0; page < 100; page++) {
    const answer = await fetch(`${mockUrl}/api/v1/activities/`, {
      method: "POST",
      headers: { authorization: "Token mock-token", "content-type": "application/json" },
      body: JSON.stringify({ filters, isScan: true, sortField: "created", sortDirection: "asc", limit: 5_000 }),
    });
    const { data, hasNext, nextQueryFilters } = (await answer.json()) as {
      data: Document[];
      hasNext: boolean;
      nextQueryFilters: unknown;
    };
    for (const document of data) found.set(document._id, document);
    filters = nextQueryFilters;
    if (hasNext) continue;
    const truth = await truthOf(mockUrl);
    const missing = [...truth].filter((id) => !found.has(id));
    if (missing.length > 0 || truth.size !== found.size)
      throw new Error(`the API shows ${found.size} of ${truth.size}`);
    return [...found.values()];
  }
  throw new Error("the scan has no end");
}

/** Where activities are published. */
export interface Where {
  readonly bootstrap: string;
  readonly registry: string;
  readonly topic: string;
}

export interface Put {
  readonly partition: number;
  readonly activity: Readonly<Record<string, unknown>>;
}

/** Writes activities beside the connector's own, by the newest schema of the subject, in a transaction. */
export async function putActivities(
  { bootstrap, registry, topic }: Where,
  puts: readonly Put[],
  end: "commit" | "abort" = "commit",
): Promise<void> {
  const schemas = new SchemaRegistry({ host: registry });
  const schemaId = await schemas.getLatestSchemaId(`${topic}-value`);
  const messages = [];
  for (const { partition, activity } of puts) {
    messages.push({ partition, key: String(activity["_id"]), value: await schemas.encode(schemaId, activity) });
  }
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ transactionalId: `${topic}-beside`, maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic, messages });
  await transaction[end]();
  await producer.disconnect();
}
