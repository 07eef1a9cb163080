import type { Kafka, logCreator } from "kafkajs";
import { failureOf, isCoordinatorMissing } from "./errors.ts";

export interface CoordinatorProbe {
  /** A client that logs at debug level. */
  readonly client: (log: logCreator) => Kafka;
  /** The transactional id that was about to be initialised; null where none was. */
  readonly transactionalId: string | null;
  readonly groupId: string;
}

/**
 * Where brokers refuse a transactional id or a group, kafkajs says only that it found no coordinator; the reason
 * is in its debug log. Asks once more, listening there.
 *
 * @returns the brokers' refusal if there is one, otherwise `error`.
 */
export async function explainCoordinator(error: unknown, probe: CoordinatorProbe): Promise<unknown> {
  if (!isCoordinatorMissing(error)) return error;
  const reasons: unknown[] = [];
  const kafka = probe.client(() => ({ log }) => {
    if (log["error"] instanceof Error) reasons.push(log["error"]);
  });
  if (probe.transactionalId !== null) await tryTransaction(kafka, probe.transactionalId);
  await tryGroup(kafka, probe.groupId);
  return reasons.find((reason) => failureOf(reason).kind === "refused") ?? error;
}

/** Does no more than the `open` that failed was asked to do. */
async function tryTransaction(kafka: Kafka, transactionalId: string): Promise<void> {
  const createPartitioner = () => () => 0;
  const producer = kafka.producer({ transactionalId, retry: { retries: 0 }, createPartitioner });
  try {
    await producer.connect();
    await producer.transaction();
  } catch {
    // What matters is in the log.
  } finally {
    await producer.disconnect().catch(() => undefined);
  }
}

async function tryGroup(kafka: Kafka, groupId: string): Promise<void> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.describeGroups([groupId]);
  } catch {
    // What matters is in the log.
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
