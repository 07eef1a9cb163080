/** What was started, to be ended in the opposite order. (`AsyncDisposableStack` comes with Node 24 only.) */
export class Held implements AsyncDisposable {
  readonly #parts: AsyncDisposable[] = [];

  async use<T extends AsyncDisposable>(starting: T | Promise<T>): Promise<T> {
    const part = await starting;
    this.#parts.push(part);
    return part;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts.splice(0).reverse()) await part[Symbol.asyncDispose]();
  }

  /** Starts by `begin`; where that fails, what was started before is ended. */
  static async by<T>(begin: (held: Held) => Promise<T>): Promise<T> {
    const held = new Held();
    try {
      return await begin(held);
    } catch (error) {
      await held[Symbol.asyncDispose]();
      throw error;
    }
  }
}
