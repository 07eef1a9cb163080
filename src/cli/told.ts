import { exitCodeOf, type Finding, findingLine, withoutSecrets } from "./finding.ts";

/** How a command prints its findings. */
export const outputOption = {
  output: { choices: ["text", "json"] as const, default: "text" as const, describe: "how to print the findings" },
} as const;

/** Findings on standard output: as they come, or as JSON once all are there. */
export class Told {
  readonly #asJson: boolean;
  readonly #findings: Finding[] = [];

  constructor(output: "text" | "json") {
    this.#asJson = output === "json";
  }

  readonly tell = (found: readonly Finding[]): void => {
    const told = found.map(withoutSecrets);
    this.#findings.push(...told);
    if (!this.#asJson) for (const finding of told) process.stdout.write(`${findingLine(finding)}\n`);
  };

  /** @param exitCode by default 0 where nothing failed, else 1. @returns it */
  end(exitCode = exitCodeOf(this.#findings)): number {
    if (this.#asJson) {
      process.stdout.write(`${JSON.stringify({ ok: exitCode === 0, findings: this.#findings }, null, 2)}\n`);
    }
    return exitCode;
  }
}
