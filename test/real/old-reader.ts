import { SchemaRegistry, SchemaType } from "@kafkajs/confluent-schema-registry";
import { Kafka, logLevel } from "kafkajs";
import { activitySchema } from "../../src/activity/schema.ts";

/** A consumer that was made for the schema as it is in the sources: what it was given, whatever was written. */
export interface OldReader extends AsyncDisposable {
  /** By `_id`, in the order of arrival; an id twice is there twice. */
  readonly activities: readonly Readonly<Record<string, unknown>>[];
  /** Ids of the schemas that they were written with. */
  readonly schemaIds: ReadonlySet<number>;
}

export async function followAsOld(
  bootstrap: string,
  { registry, topic }: { readonly registry: string; readonly topic: string },
): Promise<OldReader> {
  const schemas = new SchemaRegistry({ host: registry });
  const activities: Record<string, unknown>[] = [];
  const schemaIds = new Set<number>();
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `${topic}-old-reader`, maxWaitTimeInMs: 200 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message: { value } }) => {
      if (value === null) return;
      schemaIds.add(value.readInt32BE(1));
      const readerSchema = { ...activitySchema, fields: [...activitySchema.fields] };
      activities.push(await schemas.decode(value, { [SchemaType.AVRO]: { readerSchema } }));
    },
  });
  return { activities, schemaIds, [Symbol.asyncDispose]: () => consumer.disconnect() };
}
