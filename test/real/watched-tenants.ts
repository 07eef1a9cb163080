import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Ways to the tenants that one process alone takes: what passes is that process's. Changes nothing. */
export class WatchedTenants implements AsyncDisposable {
  /** By tenant: the address to give to the process. */
  readonly urls = new Map<string, string>();
  /** When the first bytes of each request were there; epoch ms. */
  readonly requestsMs: number[] = [];
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  /** @param tenants their addresses by name. */
  static async open(tenants: ReadonlyMap<string, string>): Promise<WatchedTenants> {
    const watched = new WatchedTenants();
    for (const [name, url] of tenants) watched.urls.set(name, await watched.#watch(Number(new URL(url).port)));
    return watched;
  }

  async #watch(port: number): Promise<string> {
    const server = createServer((near) => this.#pass(near, connect(port, "127.0.0.1")));
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  #pass(near: Socket, far: Socket): void {
    near.on("data", (bytes) => {
      if (bytes.subarray(0, 5).toString() === "POST ") this.requestsMs.push(Date.now());
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.pipe(other);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
