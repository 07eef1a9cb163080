import type { Consumer, ConsumerCrashEvent, Kafka } from "kafkajs";
import type { Clock } from "../kit/clock.ts";
import type { ConnectorError } from "../kit/errors.ts";
import type { Shards } from "./assigner.ts";
import { connectionError, isNotReady } from "./errors.ts";
import { stickyAssigner } from "./group-assigner.ts";
import { GroupMember } from "./group-member.ts";
import { commitEnds } from "./group-offsets.ts";
import type { GroupEvents, ShardGroup } from "./port.ts";
import { SendingTimes } from "./sending-times.ts";
import { attempted, orAborted } from "./waiting.ts";

export interface GroupOptions {
  /** A client of its own for each life in the group. */
  readonly newClient: () => Kafka;
  /** The group has its name, and gives away its partitions. */
  readonly cursorsTopic: { readonly name: string; readonly partitions: number };
  readonly inUse: ReadonlySet<number>;
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  readonly clock: Clock;
  readonly events: GroupEvents;
  /** Makes an error more telling, where it takes another request to find out. */
  readonly explain: (error: unknown) => Promise<unknown>;
  /** Told of what goes on afterwards: a consumer that leaves. */
  readonly onLeft: (leaving: Promise<void>) => void;
}

/** kafkajs beats between two fetches only, and as everything is paused a fetch is nothing but this wait. */
const TURN_MS = 250;
/**
 * kafkajs beats on at the coordinator that it has found once, also where that one is gone for good: only what it gives
 * up with makes us look for another, and join anew.
 */
const RETRIES = 5;
const AGAIN_MS = 500;
/** Of a coordinator that is not ready yet; the caller's own retries are for all else. */
const JOINS_MAX = 10;
const JOIN_WAIT_MS = 200;

/**
 * The group on real brokers. Its consumer reads nothing, every partition is paused: it only is a member. So no fetch,
 * however large, holds up a heartbeat.
 */
export class KafkaGroup implements ShardGroup {
  readonly #options: GroupOptions;
  readonly #shards: Shards;
  readonly #member: GroupMember;
  readonly #over = new AbortController();
  #life: { readonly consumer: Consumer; readonly over: AbortController } | null = null;

  constructor(options: GroupOptions) {
    const { sessionMs, clock, events, cursorsTopic, inUse } = options;
    this.#options = options;
    this.#shards = { count: cursorsTopic.partitions, inUse };
    this.#member = new GroupMember({ sessionMs, clock, events });
  }

  async join(signal: AbortSignal): Promise<void> {
    const { cursorsTopic, events, explain, clock } = this.#options;
    const how = { max: JOINS_MAX, waitMs: JOIN_WAIT_MS, again: isNotReady, clock };
    try {
      await attempted(() => this.#joinOnce(signal), how, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw connectionError(await explain(error), `joining the group ${cursorsTopic.name}`);
    }
    events.joined();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort(new Error("leaving the group"));
    this.#leave();
  }

  async #joinOnce(signal: AbortSignal): Promise<void> {
    const { cursorsTopic, newClient } = this.#options;
    this.#leave();
    const kafka = newClient();
    const life = { consumer: this.#newConsumer(kafka), over: new AbortController() };
    this.#life = life;
    const stop = AbortSignal.any([signal, life.over.signal]);
    try {
      const joined = this.#listen(life.consumer);
      await orAborted(this.#run(life.consumer), stop);
      await orAborted(joined, stop);
    } catch (error) {
      this.#leave();
      throw error;
    }
    void commitEnds({ ...this.#options, kafka, topic: cursorsTopic.name, member: this.#member, ...life }, stop);
  }

  async #run(consumer: Consumer): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topic: this.#options.cursorsTopic.name, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatch: async () => undefined });
  }

  #newConsumer(kafka: Kafka): Consumer {
    const { cursorsTopic, sessionMs, heartbeatMs } = this.#options;
    return kafka.consumer({
      groupId: cursorsTopic.name,
      sessionTimeout: sessionMs,
      rebalanceTimeout: sessionMs,
      heartbeatInterval: heartbeatMs,
      maxWaitTimeInMs: TURN_MS,
      allowAutoTopicCreation: false,
      partitionAssigners: [stickyAssigner(cursorsTopic.name, this.#shards, () => this.#joining())],
      retry: { retries: RETRIES, initialRetryTime: 50, maxRetryTime: 1_000, restartOnFailure: async () => false },
    });
  }

  /** Before every join; what this process claims. */
  #joining() {
    this.#member.see({ kind: "joining", atMs: this.#options.clock.monotonicMs() });
    return this.#member.claims;
  }

  /** kafkajs calls listeners synchronously. @returns once the group is joined; rejects with what kafkajs gives up with. */
  #listen(consumer: Consumer): Promise<void> {
    const { clock, cursorsTopic } = this.#options;
    const { REQUEST, HEARTBEAT, REBALANCING, GROUP_JOIN, CRASH } = consumer.events;
    const isCurrent = () => this.#life?.consumer === consumer;
    const sent = new SendingTimes(clock);
    consumer.on(REQUEST, ({ payload }) => {
      sent.answered(payload);
      // What kafkajs gives up with it leaves the group for, and tells only afterwards.
      if (payload.apiName === "LeaveGroup" && isCurrent()) this.#member.see({ kind: "left" });
    });
    consumer.on(HEARTBEAT, ({ payload }) => {
      const generation = payload.groupGenerationId;
      if (isCurrent()) this.#member.see({ kind: "beat", sentMs: sent.of("Heartbeat"), generation });
    });
    consumer.on(REBALANCING, () => {
      if (isCurrent()) this.#joining();
    });
    return new Promise((resolve, reject) => {
      let isIn = false;
      consumer.on(GROUP_JOIN, ({ payload }) => {
        if (!isCurrent()) return;
        consumer.pause([{ topic: cursorsTopic.name }]);
        const shards = payload.memberAssignment[cursorsTopic.name] ?? [];
        this.#member.see({ kind: "joined", sentMs: sent.of("SyncGroup"), shards });
        isIn = true;
        resolve();
      });
      consumer.on(CRASH, ({ payload: { error } }: ConsumerCrashEvent) => {
        if (!isCurrent()) return;
        this.#member.see({ kind: "left" });
        if (isIn) void this.#comeBack(error);
        else reject(error);
      });
    });
  }

  /** Out of the group without having wanted it: in again, however long that takes. */
  async #comeBack(cause: unknown): Promise<void> {
    const { events, clock, explain, cursorsTopic } = this.#options;
    let error: unknown = connectionError(await explain(cause), `in the group ${cursorsTopic.name}`);
    for (;;) {
      const failure = error as ConnectorError;
      if (this.#over.signal.aborted) return;
      if (failure.disposition === "fatal") return events.failed(failure);
      events.left(failure.message);
      try {
        await clock.sleep(AGAIN_MS, this.#over.signal);
        return await this.join(this.#over.signal);
      } catch (again) {
        error = again;
      }
    }
  }

  /** Not waited for: a consumer whose broker is gone may take long to close. */
  #leave(): void {
    const life = this.#life;
    if (life === null) return;
    this.#life = null;
    this.#member.see({ kind: "left" });
    life.over.abort(new Error("this life in the group is over"));
    this.#options.onLeft(life.consumer.disconnect().catch(() => undefined));
  }
}
