import { type Plan, planLines } from "./command-plan.ts";
import type { Outcome } from "./send-command.ts";

/** Applied by the command line itself, as owner; `earlier`: what waited before it. */
export type Applied = Outcome & { readonly asOwner: true; readonly earlier: readonly Outcome[] };

/** How a command that changes a scan has ended. */
type Ending = Outcome | Applied | { readonly outcome: "dry_run" | "refused"; readonly message: string };

/** What came of what a command has begun. */
export interface Reported {
  /** For programs; null: nobody does it yet. */
  readonly report: object | null;
  /** For people. */
  readonly lines: readonly string[];
  readonly isSound: boolean;
}

/** As text the plan stands there while the answer is waited for; as JSON all is one object. */
export class Printer {
  readonly #output: "table" | "json";
  readonly #plan: Plan;
  #hasBegun = false;

  constructor(output: "table" | "json", plan: Plan) {
    this.#output = output;
    this.#plan = plan;
    if (output === "table") write(planLines(plan));
  }

  /** What is answered, where more will be reported. */
  begin(ending: Ending): void {
    if (this.#output === "table") write(endingLines(ending));
    this.#hasBegun = true;
  }

  /** @returns the exit code. */
  end(ending: Ending, reported: Reported | null = null): number {
    const lines = [...(this.#hasBegun ? [] : endingLines(ending)), ...(reported?.lines ?? [])];
    const report = reported === null ? {} : { report: reported.report };
    if (this.#output === "json") write([JSON.stringify({ plan: this.#plan, ...ending, ...report }, null, 2)]);
    else write(lines);
    return ending.outcome === "refused" || reported?.isSound === false ? 1 : 0;
  }
}

function endingLines(ending: Ending): string[] {
  if (ending.outcome === "dry_run") return [ending.message];
  if (!("id" in ending)) return [`${ending.outcome}: ${ending.message}`];
  if (!("earlier" in ending)) return [lineOf(ending)];
  return [
    ...ending.earlier.map((each) => `before it: ${lineOf(each)}`),
    "no connector runs, so it was applied here, as the owner of the scan's shard",
    lineOf(ending),
  ];
}

const lineOf = ({ outcome, message, id }: Outcome): string => `${outcome}: ${message} (command ${id})`;

const write = (lines: readonly string[]): void => void process.stdout.write(`${lines.join("\n")}\n`);
