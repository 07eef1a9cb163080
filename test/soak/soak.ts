/**
 * The campaign against three real brokers; what `make soak` calls. Ends by itself.
 *
 *   node --import tsx test/soak/soak.ts        SOAK_SEED=… for the same acts again, SOAK_FORM=short for fewer of them
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../real/process.ts";
import { campaign } from "./campaign.ts";
import { faultsOf } from "./judge.ts";
import { outcomeText } from "./outcome-text.ts";
import { actText, FORMS, schedule } from "./schedule.ts";

const form = process.env["SOAK_FORM"] === "short" ? FORMS.short : FORMS.long;
const seed = Number(process.env["SOAK_SEED"] ?? Date.now() % 1_000_000);
console.log(`again by: SOAK_SEED=${seed} make soak\n${schedule(form, seed).map(actText).join("\n")}\n`);
const outcome = await campaign(form, seed, (line) => console.log(line));
const faults = faultsOf(outcome);
const dir = join(root, "test-results/soak");
mkdirSync(dir, { recursive: true });
writeFileSync(join(dir, "last.json"), `${JSON.stringify({ ...outcome, faults }, null, 2)}\n`);
console.log(`\n${outcomeText(outcome)}\nresults: test-results/soak/last.json; a page of them: make report`);
for (const fault of faults) console.error(`FAILED ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
