import { type ITopicConfig, Kafka, logLevel } from "kafkajs";
import { eventually } from "./process.ts";

/** Made, and known to the broker with a leader for each partition: kafkajs itself gives up where that takes a moment. */
export async function createTopics(bootstrap: string, topics: readonly ITopicConfig[]): Promise<void> {
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.createTopics({ topics: [...topics], waitForLeaders: false });
    const names = topics.map(({ topic }) => topic);
    const led = async () => {
      const known = await admin.fetchTopicMetadata({ topics: names });
      return known.topics.every(
        ({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader > 0),
      );
    };
    await eventually(led, 30_000, `leaders of ${names.join(", ")}`);
  } finally {
    await admin.disconnect();
  }
}
