import { setTimeout as delay } from "node:timers/promises";
import type { Properties } from "../real/broker.ts";
import { freePort } from "../real/process.ts";
import { type Cut, TcpRelay } from "../real/tcp-relay.ts";

interface Link {
  /** The broker's own listener for this replica. */
  readonly port: number;
  readonly relay: TcpRelay;
}

/**
 * A way of its own from each replica to each broker, so that one alone can be cut: every broker listens once for each
 * replica, and advertises there the relay that leads to it. Brokers and tests reach each other past all of them.
 */
export class Links implements AsyncDisposable {
  /** By slot of the replica, then by broker, from 0. */
  readonly #links: Link[][] = [];
  /** By slot: bytes. */
  readonly #sent: number[] = [];

  static async open(slots: number, brokers: number): Promise<Links> {
    const links = new Links();
    for (let slot = 0; slot < slots; slot++) {
      const row: Link[] = [];
      for (let node = 0; node < brokers; node++) row.push(await links.#open(slot));
      links.#links.push(row);
    }
    return links;
  }

  /** What a broker is started with. */
  properties(id: number, ours: Properties): Properties {
    const own = this.#links.map((row, slot) => ({ name: `REPLICA${slot}`, link: row[id - 1] as Link }));
    const listed = (address: (link: Link) => number) =>
      own.map(({ name, link }) => `,${name}://127.0.0.1:${address(link)}`).join("");
    return {
      listeners: `${ours["listeners"]}${listed(({ port }) => port)}`,
      "advertised.listeners": `${ours["advertised.listeners"]}${listed(({ relay }) => relay.port)}`,
      "listener.security.protocol.map": [
        ours["listener.security.protocol.map"],
        ...own.map(({ name }) => `${name}:PLAINTEXT`),
      ].join(","),
    };
  }

  /** What a replica is given as its brokers. */
  brokersOf(slot: number): string[] {
    return (this.#links[slot] ?? []).map(({ relay }) => `127.0.0.1:${relay.port}`);
  }

  /** Waits, within milliseconds, until a replica has sent so many bytes more. @throws Error after a minute. */
  async sends(slot: number, bytes: number): Promise<void> {
    const untilMs = performance.now() + 60_000;
    const before = this.#sent[slot] ?? 0;
    while ((this.#sent[slot] ?? 0) < before + bytes) {
      if (performance.now() > untilMs) throw new Error(`replica ${slot} did not send ${bytes} bytes within a minute`);
      await delay(2);
    }
  }

  /** @param id of the broker, from 1. */
  cut(slot: number, id: number, how: Cut): void {
    this.#link(slot, id).relay.cut(how);
  }

  heal(slot: number, id: number): void {
    this.#link(slot, id).relay.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.flat().map(({ relay }) => relay[Symbol.asyncDispose]()));
  }

  async #open(slot: number): Promise<Link> {
    const port = await freePort();
    const onSent = ({ length }: Buffer) => {
      this.#sent[slot] = (this.#sent[slot] ?? 0) + length;
    };
    return { port, relay: await TcpRelay.open({ toPort: port, onSent }) };
  }

  #link(slot: number, id: number): Link {
    const link = this.#links[slot]?.[id - 1];
    if (link === undefined) throw new Error(`there is no link from replica ${slot} to broker ${id}`);
    return link;
  }
}
