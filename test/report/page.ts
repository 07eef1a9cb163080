import type { MutantsRun } from "../mutants/mutants-run.ts";
import type { Spread } from "../real/fleet-acts.ts";
import type { Machine } from "../real/machine.ts";
import { aimText } from "../soak/aims.ts";
import type { Outcome } from "../soak/campaign.ts";
import { inTransaction } from "../soak/judge.ts";
import { actText } from "../soak/schedule.ts";
import { type Html, html, type Shown, table } from "./html.ts";

/** What runs have left; null: there was none. */
export interface Found {
  readonly soak: (Outcome & { readonly faults: readonly string[] }) | null;
  readonly mutants: MutantsRun | null;
}

type Soak = NonNullable<Found["soak"]>;

/** One page that needs nothing else to be read. Shows no figure that no run has given, and says what is missing. */
export function page({ soak, mutants }: Found): string {
  const parts = [soak === null ? missing("the campaign", "make soak") : soakPart(soak), mutantsPart(mutants)];
  return `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8"><title>mdca-kafka-source: how it was put to the test</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid #8886; padding: 0.2rem 0.6rem; text-align: left; vertical-align: top; }
.bad { color: #b00020; font-weight: 600; }
.good { color: #1b6e2d; font-weight: 600; }
code { font-size: 0.9em; }
</style></head><body>
<h1>mdca-kafka-source: how it was put to the test</h1>
${parts}
</body></html>
`.text
  }`;
}

function missing(what: string, command: string): Html {
  return html`<p class="bad">Missing: ${what}. No run has left its figures here; <code>${command}</code> does.</p>`;
}

function machineText(on: Machine): string {
  const changed = on.dirty ? " with changes" : "";
  return (
    `commit ${on.commit}${changed}, ${on.takenAt}, Node ${on.node}, ${on.platform}, ${on.cpu}, ${on.cores} cores, ` +
    `${on.memoryGb} GB, load ${on.load} at the beginning`
  );
}

function soakPart(soak: Soak): Html {
  return html`<h2>The campaign on real brokers</h2>
<p>${soak.machine.takenAt.slice(0, 10)}, ${soak.form.name} form, ${soak.minutes} minutes. ${verdict(soak)}</p>
<p>Again: <code>SOAK_SEED=${soak.seed} make soak</code>. kafkajs ${soak.versions.kafkajs}, Kafka ${soak.versions.kafka};
${machineText(soak.machine)}.</p>
${[done(soak), compared(soak), times(soak), brokers(soak), traffic(soak), plan(soak)]}`;
}

function verdict({ faults }: Soak): Html {
  if (faults.length === 0) return html`<span class="good">Nothing was wrong.</span>`;
  const items = faults.map((fault) => html`<li class="bad">${fault}</li>`);
  return html`<span class="bad">Wrong:</span></p><ul>${items}</ul><p>`;
}

function done(soak: Soak): Html {
  const { replicaKills, brokerKills, cuts, zombies, form, moves, begunByZombies } = soak;
  const of = (isSo: (kill: Soak["replicaKills"][number]) => boolean) => replicaKills.filter(isSo).length;
  return html`<h3>What was done</h3>
${table(
  ["", "times", ""],
  [
    ["SIGKILL of a replica", replicaKills.length, `${of(({ again }) => again)} of them without a pause`],
    ["… with a page in hand", of(({ pagesInHand }) => pagesInHand > 0), "it had come and was not committed"],
    ["SIGKILL of a broker", brokerKills.length, `down for ${form.downMs / 1_000} s each`],
    ["… in a transaction that it coordinated", inTransaction(soak), "by the replicas' logs"],
    ["replica cut off from a broker", cuts.length, cuts.map(cutText).join("; ")],
    ["SIGSTOP and SIGCONT of a replica", zombies, `stopped for ${form.stoppedMs / 1_000} s each`],
    ["requests that these began before they knew what they had lost", begunByZombies, ""],
    ["rolling restarts", moves.length, moves.map((each) => `moves of each shard: ${each.join(" ")}`).join("; ")],
  ],
)}`;
}

const cutText = ({ slot, node, how, seconds }: Soak["cuts"][number]) =>
  `replica ${slot} from broker ${node}, ${how}, ${seconds} s`;

function compared({ check }: Soak): Html {
  if (check === null) return missing("the comparison with the tenants' truth", "make soak");
  const { examples, ...counts } = check;
  return html`<h3>The topic, read_committed, beside every tenant's truth</h3>
<p>By Kafka's Java client and Apache Avro, without any of the project's code.</p>
${table(["", "activities"], Object.entries(counts))}`;
}

/** In seconds. A count without times: some of them never came. */
function spread({ count, medianMs, worstMs }: Spread): string {
  if (count === 0) return "none";
  return medianMs === null || worstMs === null ? "never" : `${seconds(medianMs)} / ${seconds(worstMs)} (${count})`;
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1);

function times({ silences, recovered, ordinaryMs }: Soak): Html {
  const rows = silences.map((row): Shown[] => [row.what, spread(row.moved), spread(row.kept), aimText(row.what)]);
  return html`<h3>How long a shard was without a commit</h3>
<p>Seconds, median / worst (shards). Sessions of 6 s, heartbeats of 1 s; ordinarily a shard commits every
${ordinaryMs === null ? "(not known)" : seconds(ordinaryMs)} s.
From a kill to the first commit of each shard that moved: ${spread(recovered.paused)}; in the kills without a pause
${spread(recovered.again)}.</p>
${table(["", "shards that moved", "shards that stayed", "aimed at"], rows)}`;
}

function brokers({ brokerKills }: Soak): Html {
  const rows = brokerKills.map(({ node, role, underWay }): Shown[] => [
    String(node),
    role,
    underWay.map(({ shard, result, coordinated }) => {
      return html`shard ${shard}: ${result}${coordinated ? ", coordinated by it" : ""}<br>`;
    }),
  ]);
  return html`<h3>Brokers killed</h3>
${table(["broker", "chosen as", "transactions under way, and how they ended"], rows)}`;
}

function traffic({ tenants }: Soak): Html {
  const rows = tenants.map((each): Shown[] => [
    each.tenant,
    each.activities,
    each.requests,
    html`<span class="${each.most > each.limit ? "bad" : "good"}">${each.most} of ${each.limit}</span>`,
    each.throttled,
  ]);
  return html`<h3>Requests, as the tenants counted them</h3>
${table(["tenant", "activities", "requests", "most in any 60 s", "refused (429)"], rows)}`;
}

function plan({ acts }: Soak): Html {
  return html`<h3>The acts, in their order</h3>
<ol>${acts.map((act) => html`<li>${actText(act)}</li>\n`)}</ol>`;
}

function mutantsPart(run: MutantsRun | null): Html {
  if (run === null) return missing("bugs planted in the connector", "make mutants");
  const caught = run.outcomes.filter(({ seeds }) => seeds !== null).length;
  const rows = run.outcomes.map(({ name, file, seeds, how }): Shown[] => [
    name,
    html`<code>${file}</code>`,
    seeds === null ? html`<span class="bad">survived ${run.seeds} seeds</span>` : seeds,
    how,
  ]);
  return html`<h2>Bugs planted in the connector</h2>
<p>${caught} of ${run.outcomes.length} caught by the simulation, with at most ${run.seeds} seeds each
(<code>make mutants</code>); ${machineText(run.machine)}.</p>
${table(["bug", "in", "seeds until it was caught", "as"], rows)}`;
}
