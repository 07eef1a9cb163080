import { activityTopicsOf, type Config } from "../config/config.ts";
import { agesOf } from "../connector/ages.ts";
import { topicSpecs } from "../connector/connector.ts";
import type { BrokerReport, CheckBrokers, TopicReport, Trial } from "../kafka/broker-report.ts";
import { aclCommands, type Right } from "../kafka/rights.ts";
import { viewOf } from "./cursor-view.ts";
import { type Finding, fail, failed, ok, splitRemedy, warn } from "./finding.ts";
import { principalOf } from "./principal.ts";

export interface BrokerDeps {
  readonly checkBrokers: CheckBrokers;
  /** The shard that a tenant's state lives in. */
  readonly shardOf: (tenant: string) => number;
  readonly nowMs: number;
}

/** Everything that `run` needs of the brokers; nothing is left behind. @throws the reason of `signal`. */
export async function brokerFindings(config: Config, deps: BrokerDeps, signal: AbortSignal): Promise<Finding[]> {
  const shards = [...new Set(config.tenants.map(({ name }) => deps.shardOf(name)))];
  const asked = await ask(config, { checkBrokers: deps.checkBrokers, shards }, signal);
  if ("failure" in asked) return [asked.failure];
  return [
    ...asked.findings,
    transactionFinding(config, asked.report),
    groupFinding(config, asked.report),
    ...stateFindings(config, asked.report, deps),
  ];
}

/** The topics alone, whoever asks and may do what; one that is missing is a failure. @throws the reason of `signal`. */
export async function onlyTopics(config: Config, checkBrokers: CheckBrokers, signal: AbortSignal): Promise<Finding[]> {
  const made = { ...config, topics: { ...config.topics, create: false } };
  const asked = await ask(made, { checkBrokers, shards: [] }, signal);
  return "failure" in asked ? [asked.failure] : asked.findings;
}

type Asked = { readonly failure: Finding } | { readonly report: BrokerReport; readonly findings: Finding[] };

async function ask(
  config: Config,
  { checkBrokers, shards }: { checkBrokers: CheckBrokers; shards: readonly number[] },
  signal: AbortSignal,
): Promise<Asked> {
  const questions = { specs: topicSpecs(config), create: config.topics.create, oldestMs: oldestOf(config), shards };
  try {
    const report = await checkBrokers(questions, signal);
    const answer = ok("brokers", `${config.kafka.brokers.join(", ")} answer`);
    return { report, findings: [answer, ...report.topics.flatMap((topic) => topicFindings(config, topic, report))] };
  } catch (error) {
    signal.throwIfAborted();
    const remedy = "check kafka.brokers, and that the brokers run and can be reached from here";
    return { failure: failed("brokers", error, remedy) };
  }
}

/** The last lookback age of the scans that publish to a topic; 0 for topics that hold no activities. */
function oldestOf(config: Config): (topic: string) => number {
  const ages = activityTopicsOf(config).map(({ name }) => {
    const scans = config.scans.filter(({ topic }) => topic === name);
    const last = scans.map((scan) => agesOf(scan, scan.cursorField === "date" ? "date" : "created").at(-1) ?? 0);
    return [name, Math.max(...last)] as const;
  });
  const known = new Map(ages);
  return (topic) => known.get(topic) ?? 0;
}

function topicFindings(
  config: Config,
  { spec, state, problems, advice }: TopicReport,
  report: BrokerReport,
): Finding[] {
  const check = `topic ${spec.name}`;
  const denied = deniedFinding(
    config,
    check,
    report,
    ({ resource, name }) => resource === "topic" && name === spec.name,
  );
  const isMade = state === "missing" && config.topics.create;
  const found = [
    ...(denied === null ? [] : [denied]),
    ...problems
      .filter(({ missing }) => !isMade || missing !== true)
      .map(({ problem, remedy }) => fail(check, problem, remedy)),
    ...advice.map(({ problem, remedy }) => warn(check, problem, remedy)),
  ];
  if (found.length > 0) return found;
  return [
    ok(
      check,
      isMade ? `is not there yet; run creates it, partitions: ${spec.partitions}` : "is there, with the right settings",
    ),
  ];
}

function transactionFinding(config: Config, report: BrokerReport): Finding {
  const check = `transactions of ${config.topics.cursors.name}`;
  const denied = deniedFinding(config, check, report, ({ resource }) => resource === "transactional-id");
  const lackWrite = report.lacking.filter(({ operation }) => operation === "Write").map(({ name }) => name);
  const written = report.topics.filter(({ spec, state }) => state === "there" && !lackWrite.includes(spec.name));
  const what =
    written.length === 0 ? "without a record, as there is no topic to take one" : `topics: ${written.length}`;
  return denied ?? trialFinding(check, report.transaction, `one was begun and aborted, ${what}`);
}

function groupFinding(config: Config, report: BrokerReport): Finding {
  const check = `group ${config.topics.cursors.name}`;
  const denied = deniedFinding(config, check, report, ({ resource }) => resource === "group");
  return denied ?? trialFinding(check, report.group, "may be joined; state was read");
}

function trialFinding(check: string, trial: Trial, done: string): Finding {
  if (trial.kind === "failed") return failed(check, trial.error);
  if (trial.kind === "done") return ok(check, done);
  return warn(check, "not tried yet: it needs the topics, and the rights, that are missing above");
}

/** What the connector's user may not do, with the command that grants it; null where nothing was refused. */
function deniedFinding(
  config: Config,
  check: string,
  { lacking }: BrokerReport,
  concerns: (right: Right) => boolean,
): Finding | null {
  const rights = lacking.filter(concerns);
  if (rights.length === 0) return null;
  const principal = principalOf(config.kafka);
  const operations = rights.map(({ operation }) => operation).join(", ");
  const [command = ""] = aclCommands(rights, { brokers: config.kafka.brokers, principal });
  return fail(check, `kafka_refused: ${principal} lacks ${operations}`, command);
}

/** Whether each scan's committed state is one that `run` goes on with. */
function stateFindings(config: Config, { states }: BrokerReport, { shardOf, nowMs }: BrokerDeps): Finding[] {
  return config.scans.flatMap((scan) => {
    const shard = shardOf(scan.tenant);
    const records = states.get(shard);
    if (records === undefined) return [];
    const check = `state of ${scan.name}`;
    const { state, reason, cursor } = viewOf(scan, shard, records, nowMs);
    if (reason !== null) {
      const { problem, remedy } = splitRemedy(
        `${state}: ${reason}`,
        "look at it with `cursor show`; the README says what resolves it",
      );
      return [fail(check, problem, remedy)];
    }
    return [ok(check, cursor === null ? "none yet: it begins at its start" : `stands at ${cursor.position}`)];
  });
}
