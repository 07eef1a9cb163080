import type { Kafka, logCreator } from "kafkajs";
import { failureOf } from "./errors.ts";

/**
 * A client whose debug log is listened to. Where brokers refuse a transactional id or a group, kafkajs says only that
 * it found no coordinator; the reason is in that log. One thing is done with it at a time.
 */
export class Hearing {
  readonly kafka: Kafka;
  #heard: Error[] = [];

  constructor(newClient: (log: logCreator) => Kafka) {
    this.kafka = newClient(() => ({ log }) => {
      if (log["error"] instanceof Error) this.#heard.push(log["error"]);
    });
  }

  /** What `work` comes to. @throws the refusal that was heard meanwhile, else what `work` throws. */
  async explained<T>(work: (kafka: Kafka) => Promise<T>): Promise<T> {
    this.#heard = [];
    try {
      return await work(this.kafka);
    } catch (error) {
      throw this.refusal ?? error;
    }
  }

  /** What was heard that brokers refuse, since the last thing was begun; null when nothing was. */
  get refusal(): Error | null {
    return this.#heard.find((error) => failureOf(error).kind === "refused") ?? null;
  }
}
