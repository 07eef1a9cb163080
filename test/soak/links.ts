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
  readonly #links: readonly (readonly Link[])[];

  private constructor(links: readonly (readonly Link[])[]) {
    this.#links = links;
  }

  static async open(slots: number, brokers: number): Promise<Links> {
    const links: Link[][] = [];
    for (let slot = 0; slot < slots; slot++) {
      const row: Link[] = [];
      for (let node = 0; node < brokers; node++) {
        const port = await freePort();
        row.push({ port, relay: await TcpRelay.open({ toPort: port }) });
      }
      links.push(row);
    }
    return new Links(links);
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

  #link(slot: number, id: number): Link {
    const link = this.#links[slot]?.[id - 1];
    if (link === undefined) throw new Error(`there is no link from replica ${slot} to broker ${id}`);
    return link;
  }
}
