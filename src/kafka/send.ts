import type { Kafka, Message } from "kafkajs";

/**
 * Appends one record with an ordinary producer, acknowledged by all replicas in sync. kafkajs may send it more than
 * once.
 *
 * @param onLeft told of what goes on afterwards: a producer that leaves.
 * @returns its offset.
 * @throws whatever kafkajs gives up with.
 */
export async function sendRecord(
  kafka: Kafka,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  record: Omit<Message, "partition">,
  onLeft: (leaving: Promise<void>) => void,
): Promise<bigint> {
  const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: () => () => partition });
  try {
    await producer.connect();
    const [answer] = await producer.send({ topic, acks: -1, messages: [{ ...record, partition }] });
    if (answer?.errorCode !== 0 || answer.baseOffset === undefined) {
      throw new Error(`the brokers' answer is missing for partition ${partition} of ${topic}`);
    }
    return BigInt(answer.baseOffset);
  } finally {
    onLeft(producer.disconnect().catch(() => undefined));
  }
}
