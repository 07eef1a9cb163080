import type { Admin } from "kafkajs";
import { eventually } from "./process.ts";

/** By partition: the number of the broker that leads it, -1 where none does. */
export async function leadersOf(admin: Admin, topic: string): Promise<Map<number, number>> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  return new Map((topics[0]?.partitions ?? []).map((each) => [each.partitionId, each.leader]));
}

const INTERNAL = { transactions: "__transaction_state", groups: "__consumer_offsets" } as const;

/** The broker that coordinates the transactions of an id, or a group: who leads its partition of the internal topic. */
export async function coordinatorOf(admin: Admin, of: keyof typeof INTERNAL, id: string): Promise<number> {
  const leaders = await leadersOf(admin, INTERNAL[of]);
  return leaders.get((javaHash(id) & 0x7fffffff) % leaders.size) ?? -1;
}

function javaHash(text: string): number {
  return [...text].reduce((hash, letter) => (Math.imul(31, hash) + letter.charCodeAt(0)) | 0, 0);
}

/** Waits until every partition of the topics, and of the internal ones, has three replicas in sync. */
export async function inSync(admin: Admin, topics: readonly string[], deadlineMs = 60_000): Promise<void> {
  const all = [...topics, ...Object.values(INTERNAL)];
  const isSo = async () => {
    const found = await admin.fetchTopicMetadata({ topics: all });
    return found.topics.every((each) => each.partitions.every(({ isr }) => isr.length === 3));
  };
  await eventually(isSo, deadlineMs, "all replicas to be in sync");
}
