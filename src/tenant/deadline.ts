/**
 * A signal that aborts with another one or when the armed time is over. The timer and the listener live until it
 * is disposed of, so a signal that lives as long as the process gathers nothing.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #follow: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(signal: AbortSignal) {
    this.#outer = signal;
    this.#follow = () => this.#controller.abort(signal.reason);
    if (signal.aborted) this.#follow();
    else signal.addEventListener("abort", this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts in `ms`, with an error that says `what`; replaces what was armed before. */
  arm(ms: number, what: string): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(new Error(what)), ms);
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#outer.removeEventListener("abort", this.#follow);
  }
}
