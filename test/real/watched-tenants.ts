import { TcpRelay } from "./tcp-relay.ts";

/** Ways to the tenants that one process alone takes: what passes is that process's. Changes nothing. */
export class WatchedTenants implements AsyncDisposable {
  /** By tenant: the address to give to the process. */
  readonly urls = new Map<string, string>();
  /** When the first bytes of each request were there; epoch ms. */
  readonly requestsMs: number[] = [];
  readonly #relays: TcpRelay[] = [];

  /** @param tenants their addresses by name. */
  static async open(tenants: ReadonlyMap<string, string>): Promise<WatchedTenants> {
    const watched = new WatchedTenants();
    for (const [name, url] of tenants) watched.urls.set(name, await watched.#watch(Number(new URL(url).port)));
    return watched;
  }

  async #watch(toPort: number): Promise<string> {
    const onSent = (bytes: Buffer) => {
      if (bytes.subarray(0, 5).toString() === "POST ") this.requestsMs.push(Date.now());
    };
    const relay = await TcpRelay.open({ toPort, onSent });
    this.#relays.push(relay);
    return `http://127.0.0.1:${relay.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#relays.map((relay) => relay[Symbol.asyncDispose]()));
  }
}
