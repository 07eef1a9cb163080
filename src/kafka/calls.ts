import type { Message, TopicMessages } from "kafkajs";

/** A message with its place; `bytes` is about what it takes in a batch before compression. */
export interface PlacedMessage {
  readonly topic: string;
  readonly partition: number;
  readonly message: Message;
  readonly bytes: number;
}

export interface CallLimits {
  /** A partition's record batch within one call. */
  readonly batchBytes: number;
  /** kafkajs groups a call's messages by partition in quadratic time: 1,000 take 2 ms, 20,000 3 s. */
  readonly batchMessages: number;
  /** All batches of one call; they are encoded at once. */
  readonly callBytes: number;
}

export const BATCH_MESSAGES = 1000;
// Larger calls are not faster, and what kafkajs makes of one is garbage several times its size.
export const CALL_BYTES = 2 * 1024 * 1024;

/**
 * Cuts messages into calls within the limits, keeping each partition's order. A message larger than a limit
 * gets a batch, or a call, of its own. Pulled: a call's arrays exist only while it is sent.
 */
export function* cutIntoCalls(messages: Iterable<PlacedMessage>, limits: CallLimits): Generator<TopicMessages[]> {
  let call = new Call();
  for (const placed of messages) {
    if (!call.fits(placed, limits)) {
      yield call.topicMessages();
      call = new Call();
    }
    call.add(placed);
  }
  if (!call.empty) yield call.topicMessages();
}

class Call {
  readonly #topics = new Map<string, Message[]>();
  readonly #batches = new Map<string, { bytes: number; messages: number }>();
  #bytes = 0;

  get empty(): boolean {
    return this.#bytes === 0;
  }

  fits(placed: PlacedMessage, limits: CallLimits): boolean {
    if (this.empty) return true;
    if (this.#bytes + placed.bytes > limits.callBytes) return false;
    const batch = this.#batches.get(placeOf(placed.topic, placed.partition));
    if (batch === undefined) return true;
    return batch.bytes + placed.bytes <= limits.batchBytes && batch.messages < limits.batchMessages;
  }

  add(placed: PlacedMessage): void {
    const place = placeOf(placed.topic, placed.partition);
    const batch = this.#batches.get(place) ?? { bytes: 0, messages: 0 };
    this.#batches.set(place, { bytes: batch.bytes + placed.bytes, messages: batch.messages + 1 });
    this.#bytes += placed.bytes;
    const messages = this.#topics.get(placed.topic);
    if (messages === undefined) this.#topics.set(placed.topic, [placed.message]);
    else messages.push(placed.message);
  }

  topicMessages(): TopicMessages[] {
    return [...this.#topics].map(([topic, messages]) => ({ topic, messages }));
  }
}

/** One name for a (topic, partition). Topic names hold no slash. */
export function placeOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
