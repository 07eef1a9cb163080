import { type Plan, planLines } from "./command-plan.ts";
import type { Outcome } from "./send-command.ts";

/** Applied by the command line itself, as owner; `earlier`: what waited before it. */
export type Applied = Outcome & { readonly asOwner: true; readonly earlier: readonly Outcome[] };

/** How a command that changes a scan has ended. */
type Ending = Outcome | Applied | { readonly outcome: "dry_run" | "refused"; readonly message: string };

/** As text the plan stands there while the answer is waited for; as JSON all is one object. */
export class Printer {
  readonly #output: "table" | "json";
  readonly #plan: Plan | null;

  constructor(output: "table" | "json", plan: Plan | null) {
    this.#output = output;
    this.#plan = plan;
    if (output === "table" && plan !== null) write(planLines(plan));
  }

  /** @returns the exit code. */
  end(ending: Ending): number {
    if (this.#output === "json") write([JSON.stringify({ plan: this.#plan, ...ending }, null, 2)]);
    else write(endingLines(ending));
    return ending.outcome === "refused" ? 1 : 0;
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
