import { expect, test } from "vitest";
import { campaign } from "../soak/campaign.ts";
import { faultsOf } from "../soak/judge.ts";
import { outcomeText } from "../soak/outcome-text.ts";
import { FORMS } from "../soak/schedule.ts";

const SEED = Number(process.env["SOAK_SEED"] ?? Date.now() % 1_000_000);

test("three brokers, three replicas: one kill of each kind, a zombie, a cut; nothing lost, repeated or over a budget", async () => {
  console.log(`again by: SOAK_SEED=${SEED}`);
  const outcome = await campaign(FORMS.short, SEED, (line) => console.log(line));
  console.log(outcomeText(outcome));
  expect(faultsOf(outcome)).toEqual([]);
}, 400_000);
