import type { Consumer, Kafka } from "kafkajs";
import type { Clock } from "../kit/clock.ts";
import type { GroupMember } from "./group-member.ts";
import { orAborted } from "./waiting.ts";

const EVERY_MS = 10_000;

export interface EndsOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly consumer: Consumer;
  readonly member: GroupMember;
  readonly clock: Clock;
  readonly onLeft: (leaving: Promise<void>) => void;
}

/**
 * Commits the ends of the shards that are held as the group's offsets, now and then until `signal` aborts, whatever
 * fails. Nothing reads them back: without them whoever watches the lag of consumer groups would be alarmed for nothing.
 */
export async function commitEnds(options: EndsOptions, signal: AbortSignal): Promise<void> {
  const { kafka, clock, onLeft } = options;
  const admin = kafka.admin();
  try {
    while (!signal.aborted) {
      await clock.sleep(EVERY_MS, signal);
      await orAborted(
        admin.connect().then(() => commitOnce(options, admin)),
        signal,
      ).catch(() => undefined);
    }
  } catch {
    // The signal's reason.
  } finally {
    onLeft(admin.disconnect().catch(() => undefined));
  }
}

async function commitOnce(options: EndsOptions, admin: ReturnType<Kafka["admin"]>): Promise<void> {
  const { topic, consumer, member } = options;
  const ends = await admin.fetchTopicOffsets(topic);
  const { held } = member.claims;
  const offsets = ends
    .filter(({ partition }) => held.includes(partition))
    .map(({ partition, high }) => ({ topic, partition, offset: high }));
  if (member.isMember && offsets.length > 0) await consumer.commitOffsets(offsets);
}
