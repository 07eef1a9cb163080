import { activityTopicsOf, type Config } from "../config/config.ts";
import { topicSpecs } from "../connector/connector.ts";
import type { KafkaPort, TopicProblem } from "../kafka/port.ts";
import { ConnectorError } from "../kit/errors.ts";
import { type Finding, fail, ok } from "./finding.ts";

/** The brokers and what the topics have to be; nothing is created. @throws the reason of `signal`. */
export async function kafkaFindings(config: Config, kafka: KafkaPort, signal: AbortSignal): Promise<Finding[]> {
  const specs = topicSpecs(config);
  let problems: readonly TopicProblem[];
  try {
    problems = await kafka.prepareTopics(specs, false, signal);
  } catch (error) {
    return [fail("brokers", ...told(error, signal))];
  }
  const topics = specs.flatMap(({ name, partitions }) => {
    const own = problems.filter((problem) => problem.topic === name);
    const check = `topic ${name}`;
    if (own.length === 0) return [ok(check, "is there, with the right settings")];
    return own.map(({ missing, problem, remedy }) =>
      missing === true && config.topics.create
        ? ok(check, `is not there yet; run creates it, partitions: ${partitions}`)
        : fail(check, problem, remedy),
    );
  });
  return [ok("brokers", `${config.kafka.brokers.join(", ")} answer`), ...topics];
}

/** Looks a schema up without registering it. */
export type LookUpSchema = (topic: string, signal: AbortSignal) => Promise<number>;

/** The registry, and whether it has or takes our schema for each topic. @throws the reason of `signal`. */
export async function registryFindings(config: Config, lookUp: LookUpSchema, signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name } of activityTopicsOf(config)) {
    const check = `schema of ${name}`;
    try {
      findings.push(ok(check, `is registered with id ${await lookUp(name, signal)}`));
    } catch (error) {
      const missing = error instanceof ConnectorError && error.code === "schema_missing";
      if (missing && config.schemaRegistry.autoRegisterSchemas) {
        findings.push(ok(check, "is not registered yet, and would be compatible; run registers it"));
      } else findings.push(fail(check, ...told(error, signal)));
    }
  }
  return findings;
}

/** What is said to do beside the messages, which name what is particular. */
const REMEDIES: Readonly<Partial<Record<ConnectorError["code"], string>>> = {
  registry_unavailable:
    "check schemaRegistry.url, that the registry runs, and for a private authority schemaRegistry.ca",
  kafka_unavailable: "check kafka.brokers, and that the brokers run and can be reached from here",
};

/** An error's problem and remedy. Those of the rooms end with what to do, after a semicolon. */
function told(error: unknown, signal: AbortSignal): [string, string | null] {
  signal.throwIfAborted();
  if (!(error instanceof ConnectorError)) throw error;
  const at = error.message.lastIndexOf("; ");
  if (at < 0) return [`${error.code}: ${error.message}`, REMEDIES[error.code] ?? null];
  return [`${error.code}: ${error.message.slice(0, at)}`, error.message.slice(at + 2)];
}
