import { ConnectorError, type ErrorCode } from "../kit/errors.ts";

/** What a failure of the client amounts to. */
export type FailureKind = "fenced" | "refused" | "unavailable";

export interface Failure {
  readonly kind: FailureKind;
  /** What came back, in the brokers' words. */
  readonly found: string;
  /** What a person does about it; empty where waiting is all. */
  readonly remedy: string;
}

interface Remedy {
  readonly kind: FailureKind;
  readonly remedy: string;
}

const refused = (remedy: string): Remedy => ({ kind: "refused", remedy });
const unavailable = (remedy: string): Remedy => ({ kind: "unavailable", remedy });

/** Why whoever is fenced may not go on, and when it does. */
export const TAKEN_OVER =
  "another process with the same cursors topic has taken the shard over; this one goes on with it only if the group " +
  "still says so";
const FENCED: Remedy = {
  kind: "fenced",
  remedy: `${TAKEN_OVER} (a process of another connector needs a cursors topic of its own)`,
};
const LOGIN = refused("check kafka.sasl: mechanism, username and password, and that the user exists on the brokers");
const UNKNOWN_CA = refused(
  "the brokers' certificate is not signed by a trusted CA: set kafka.ssl.ca to the PEM of the CA that signed it",
);

/** By the protocol's error name, or by the code of a socket error. */
const REMEDIES: Readonly<Record<string, Remedy>> = {
  INVALID_PRODUCER_EPOCH: FENCED,
  PRODUCER_FENCED: FENCED,
  TOPIC_AUTHORIZATION_FAILED: refused(
    "grant the connector's user Describe, DescribeConfigs, Read and Write on its topics (Create too, unless they " +
      "are made beforehand: see `topics print`)",
  ),
  INVALID_SESSION_TIMEOUT: refused(
    "kafka.sessionTimeout lies outside of the brokers' group.min.session.timeout.ms and group.max.session.timeout.ms",
  ),
  INCONSISTENT_GROUP_PROTOCOL: refused(
    "another program is a member of the group named like the cursors topic: give it another group",
  ),
  GROUP_AUTHORIZATION_FAILED: refused(
    "grant the connector's user Read and Delete on groups that begin with the name of the cursors topic (prefixed)",
  ),
  CLUSTER_AUTHORIZATION_FAILED: refused(
    "grant the connector's user Create on the cluster, or make the topics beforehand (see `topics print`)",
  ),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: refused(
    "grant the connector's user Describe and Write on transactional ids that begin with the name of the cursors " +
      "topic (prefixed)",
  ),
  INVALID_TRANSACTION_TIMEOUT: refused(
    "the transaction time-out is above the brokers' transaction.max.timeout.ms: lower it, or raise theirs",
  ),
  UNSUPPORTED_SASL_MECHANISM: refused(
    "the brokers do not offer this mechanism: set kafka.sasl.mechanism to one they do",
  ),
  SASL_AUTHENTICATION_FAILED: LOGIN,
  KafkaJSSASLAuthenticationError: LOGIN,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  CERT_SIGNATURE_FAILURE: UNKNOWN_CA,
  CERT_HAS_EXPIRED: refused("the brokers' certificate has expired: renew it"),
  ERR_TLS_CERT_ALTNAME_INVALID: refused(
    "the brokers' certificate is for another name: reach them by the name in it, or set kafka.ssl.servername",
  ),
  EPROTO: refused("the brokers' port does not speak TLS: remove kafka.ssl, or use their TLS port"),
  ERR_SSL_WRONG_VERSION_NUMBER: refused(
    "the brokers' port does not speak TLS: remove kafka.ssl, or use their TLS port",
  ),
  UNKNOWN_TOPIC_OR_PARTITION: unavailable(
    "a topic is missing, or has fewer partitions than configured: `check` tells which",
  ),
  MESSAGE_TOO_LARGE: unavailable("raise the topic's max.message.bytes: a record batch did not fit"),
  RECORD_LIST_TOO_LARGE: unavailable("raise the topic's segment.bytes: a record batch did not fit"),
  INVALID_REPLICATION_FACTOR: unavailable(
    "fewer brokers are up than the topic is to have replicas: bring them up, or lower topics.….replicationFactor",
  ),
  NOT_ENOUGH_REPLICAS: unavailable("fewer replicas are in sync than min.insync.replicas: bring the brokers back"),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: unavailable(
    "fewer replicas are in sync than min.insync.replicas: bring the brokers back",
  ),
  ENOTFOUND: unavailable("kafka.brokers holds a name that cannot be resolved, or the brokers advertise one"),
  EAI_AGAIN: unavailable("a broker's name cannot be resolved at the moment"),
  ECONNREFUSED: unavailable("nothing listens on a broker's address: check kafka.brokers, and that the brokers run"),
  ECONNRESET: unavailable(
    "the broker closed the connection; if it does so every time, its port and kafka.ssl may not fit together",
  ),
  KafkaJSConnectionClosedError: unavailable(
    "the broker closed the connection; if it does so every time, it may expect TLS (kafka.ssl) or a login (kafka.sasl)",
  ),
  KafkaJSGroupCoordinatorNotFound: unavailable(
    "no coordinator was found; if this goes on, the user may lack rights on transactional ids and groups that begin " +
      "with the name of the cursors topic (brokers hide that)",
  ),
};

/** kafkajs does not know PRODUCER_FENCED and keeps its code only in these words. */
const PRODUCER_FENCED_WORDS = "Unknown error code 90";

/** What `error` (anything that kafkajs throws, however wrapped) means. The most telling cause decides. */
export function failureOf(error: unknown): Failure {
  const found = chainOf(error);
  for (const kind of ["fenced", "refused", "unavailable"] as const) {
    for (const link of found) {
      const remedy = namesOf(link)
        .map((name) => REMEDIES[name])
        .find((each) => each?.kind === kind);
      if (remedy !== undefined) return { kind, found: wordsOf(link), remedy: remedy.remedy };
    }
  }
  return { kind: "unavailable", found: wordsOf(found.at(-1) ?? error), remedy: "" };
}

/** Whether the error, or what caused it, has this name: the protocol's, a socket's or kafkajs's. */
export function isNamed(error: unknown, name: string): boolean {
  return chainOf(error).some((link) => namesOf(link).includes(name));
}

/** Whether the brokers ask to wait for the previous transaction's end, having written nothing. */
export const isConcurrentTransactions = (error: unknown): boolean => isNamed(error, "CONCURRENT_TRANSACTIONS");

const NOT_READY = new Set([
  "NOT_LEADER_FOR_PARTITION",
  "LEADER_NOT_AVAILABLE",
  "UNKNOWN_TOPIC_OR_PARTITION",
  "GROUP_LOAD_IN_PROGRESS",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR_FOR_GROUP",
]);

/** Whether the brokers have not finished what they began: a new topic, a restart, a leader or coordinator that moves. */
export function isNotReady(error: unknown): boolean {
  return chainOf(error).some((link) => namesOf(link).some((name) => NOT_READY.has(name)));
}

/** Whether kafkajs found no coordinator, behind which brokers hide missing rights. */
export const isCoordinatorMissing = (error: unknown): boolean => isNamed(error, "KafkaJSGroupCoordinatorNotFound");

/** The error for a caller who was `doing` something other than a transaction. */
export function connectionError(error: unknown, doing: string): ConnectorError {
  const own = ownError(error);
  if (own !== null) return own;
  const failure = failureOf(error);
  const codes: Record<FailureKind, ErrorCode> = {
    fenced: "publish_fenced",
    refused: "kafka_refused",
    unavailable: "kafka_unavailable",
  };
  return errorFor(codes[failure.kind], failure, doing, error);
}

/** The error for a transaction: fenced, or failed with its outcome unknown. */
export function transactionError(error: unknown, doing: string): ConnectorError {
  const own = ownError(error);
  if (own !== null) return own;
  const failure = failureOf(error);
  return errorFor(failure.kind === "fenced" ? "publish_fenced" : "publish_failed", failure, doing, error);
}

/** One of ours inside, such as a secret that could not be read while kafkajs logged in. */
function ownError(error: unknown): ConnectorError | null {
  return chainOf(error).find((link) => link instanceof ConnectorError) ?? null;
}

function errorFor(code: ErrorCode, failure: Failure, doing: string, cause: unknown): ConnectorError {
  const disposition = code === "publish_fenced" || code === "kafka_refused" ? "fatal" : "retry";
  const remedy = failure.remedy === "" ? "" : `; ${failure.remedy}`;
  return new ConnectorError(code, `${doing}: ${failure.found}${remedy}`, { disposition, cause });
}

const LINKS_MAX = 20;

/** The error, its causes and the members of aggregates, outermost first. */
function chainOf(error: unknown): object[] {
  const links: object[] = [];
  const waiting: unknown[] = [error];
  while (waiting.length > 0 && links.length < LINKS_MAX) {
    const link = waiting.shift();
    if (typeof link !== "object" || link === null || links.includes(link)) continue;
    links.push(link);
    if ("cause" in link) waiting.push(link.cause);
    if ("errors" in link && Array.isArray(link.errors)) waiting.push(...link.errors);
    // Of a deletion of groups: each with its error.
    if ("error" in link) waiting.push(link.error);
    if ("groups" in link && Array.isArray(link.groups)) waiting.push(...link.groups);
  }
  return links;
}

function namesOf(link: object): string[] {
  const names: string[] = [];
  if ("type" in link && typeof link.type === "string") names.push(link.type);
  if ("code" in link && typeof link.code === "string") names.push(link.code);
  if ("message" in link && link.message === PRODUCER_FENCED_WORDS) names.push("PRODUCER_FENCED");
  if ("name" in link && typeof link.name === "string") names.push(link.name);
  return names;
}

function wordsOf(link: unknown): string {
  if (!(link instanceof Error)) return String(link);
  const name = namesOf(link).find((each) => /^[A-Z0-9_]+$/.test(each));
  return name === undefined || link.message.includes(name) ? link.message : `${link.message} (${name})`;
}
