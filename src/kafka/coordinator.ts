import type { Kafka, logCreator } from "kafkajs";
import { isCoordinatorMissing } from "./errors.ts";
import { Hearing } from "./hearing.ts";

export interface CoordinatorProbe {
  /** A client that logs at debug level. */
  readonly client: (log: logCreator) => Kafka;
  /** The transactional id that was about to be initialised; null where none was. */
  readonly transactionalId: string | null;
  readonly groupId: string;
}

/**
 * Asks once more where no coordinator was found, listening for the reason.
 *
 * @returns the brokers' refusal if there is one, otherwise `error`.
 */
export async function explainCoordinator(error: unknown, probe: CoordinatorProbe): Promise<unknown> {
  if (!isCoordinatorMissing(error)) return error;
  const hearing = new Hearing(probe.client);
  if (probe.transactionalId !== null) await tryTransaction(hearing.kafka, probe.transactionalId);
  await tryGroup(hearing.kafka, probe.groupId);
  return hearing.refusal ?? error;
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
