import { SchemaRegistry, SchemaType } from "@kafkajs/confluent-schema-registry";
import { Kafka, logLevel } from "kafkajs";

export type Decoded = Readonly<Record<string, unknown>>;

export interface Followed {
  readonly bootstrap: string;
  readonly registry: string;
  readonly topics: readonly string[];
  /** What the reader was made for; default: whatever each record was written by. */
  readonly readerSchema?: { readonly fields: readonly unknown[] };
}

/** A consumer that begins at the beginning and goes on: committed transactions alone, decoded by the registry's schemas. */
export async function followTopics(
  { bootstrap, registry, topics, readerSchema }: Followed,
  onRecord: (record: Decoded, topic: string, schemaId: number) => void,
): Promise<AsyncDisposable> {
  const schemas = new SchemaRegistry({ host: registry });
  const options = readerSchema && { [SchemaType.AVRO]: { readerSchema: structuredClone(readerSchema) as never } };
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `${topics[0]}-follower-${Date.now()}`, maxWaitTimeInMs: 200 });
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, message: { value } }) => {
      if (value !== null) onRecord(await schemas.decode(value, options), topic, value.readInt32BE(1));
    },
  });
  return { [Symbol.asyncDispose]: () => consumer.disconnect() };
}
