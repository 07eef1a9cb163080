import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * `silent`: nothing passes and nothing is said; what was under way arrives once it is healed, as after a loss of
 * packets. `refused`: connections are closed, and new ones at once.
 */
export type Cut = "silent" | "refused";

export interface RelayOptions {
  readonly toPort: number;
  /** Told what clients send, as it passes. */
  readonly onSent?: (bytes: Buffer) => void;
}

/** Passes connections on to a port of this machine and changes nothing; can be cut and healed. */
export class TcpRelay implements AsyncDisposable {
  readonly #options: RelayOptions;
  readonly #server: Server;
  readonly #pairs = new Map<Socket, Socket>();
  /** Came while the way was cut. */
  readonly #waiting = new Set<Socket>();
  #cut: Cut | null = null;

  private constructor(options: RelayOptions) {
    this.#options = options;
    this.#server = createServer({ pauseOnConnect: true }, (near) => this.#accept(near));
  }

  static async open(options: RelayOptions): Promise<TcpRelay> {
    const relay = new TcpRelay(options);
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  /** Of this side, for clients. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(how: Cut): void {
    this.#cut = how;
    if (how === "refused") this.#destroyAll();
    for (const [near, far] of this.#pairs) {
      near.unpipe(far).pause();
      far.unpipe(near).pause();
    }
  }

  heal(): void {
    this.#cut = null;
    for (const [near, far] of this.#pairs) join(near, far);
    for (const near of this.#waiting) this.#pass(near);
    this.#waiting.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#destroyAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket): void {
    near.on("error", () => near.destroy());
    near.on("close", () => this.#waiting.delete(near));
    if (this.#cut === "refused") near.destroy();
    else if (this.#cut === "silent") this.#waiting.add(near);
    else this.#pass(near);
  }

  #pass(near: Socket): void {
    const far = connect(this.#options.toPort, "127.0.0.1");
    this.#pairs.set(near, far);
    far.on("error", () => near.destroy());
    far.on("close", () => near.destroy());
    near.on("close", () => {
      this.#pairs.delete(near);
      far.destroy();
    });
    const { onSent } = this.#options;
    if (onSent !== undefined) near.on("data", onSent);
    join(near, far);
  }

  #destroyAll(): void {
    for (const near of [...this.#pairs.keys(), ...this.#waiting]) near.destroy();
  }
}

function join(near: Socket, far: Socket): void {
  near.pipe(far);
  far.pipe(near);
}
