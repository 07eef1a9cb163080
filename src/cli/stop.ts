/** The reason of the signal that ends a command: a person or the system asked for it. */
export class StopRequested extends Error {
  readonly signalName: "SIGINT" | "SIGTERM";

  constructor(signalName: "SIGINT" | "SIGTERM") {
    super(`stopped by ${signalName}`);
    this.name = "StopRequested";
    this.signalName = signalName;
  }

  /** What a shell reports of a process that this signal ended. */
  get exitCode(): number {
    return this.signalName === "SIGINT" ? 130 : 143;
  }
}
