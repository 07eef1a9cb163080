import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type Certificates, makeCertificates, storePassword, writeClientProperties } from "./certificates.ts";
import { kafkaJars, requireSetup, runTool, smallJvm } from "./jvm.ts";
import { discard, freePort, logsDir, type Running, scratchDir, start } from "./process.ts";

export type Properties = Readonly<Record<string, string | number>>;

export interface BrokerOptions {
  /** Broker settings on top of (or instead of) ours, e.g. `{ "message.max.bytes": "4000000" }`; or made of a node's. */
  readonly properties?: Properties | ((id: number, ours: Properties) => Properties);
  /** Clients come by SASL_SSL with SCRAM-SHA-512 and a private authority; users in `scramUsers`. */
  readonly tls?: boolean;
  /** With `tls`: StandardAuthorizer; `admin` may all, the others what ACLs give them (nothing at first). */
  readonly acls?: boolean;
  readonly heapMb?: number;
  /** JVM flags instead of those for a quick start; `[]` for full throughput. */
  readonly jvm?: readonly string[];
}

/** What a client needs to speak SASL_SSL to a broker started with `tls`. */
export interface Security {
  /** PEM text and file of the private authority. */
  readonly ca: string;
  readonly caFile: string;
  readonly users: typeof scramUsers;
  /** A plaintext door for the test's own set-up; whoever uses it may do everything. */
  readonly adminBootstrap: string;
  /** A properties file for Kafka's Java clients. */
  clientProperties(user: keyof typeof scramUsers): string;
}

export const scramUsers = {
  admin: { name: "admin", password: "admin-secret" },
  connector: { name: "connector", password: "connector-secret" },
  noacl: { name: "noacl", password: "noacl-secret" },
} as const;

/** A real broker on loopback. It keeps its ports and data through any number of stops and starts. */
export interface Broker extends AsyncDisposable {
  /** `127.0.0.1:PORT` of the listener for clients. */
  readonly bootstrap: string;
  readonly dir: string;
  readonly logFile: string;
  readonly security: Security | null;
  /** Of the running process; throws while it is down. */
  readonly pid: number;
  isRunning(): boolean;
  /** SIGKILL; resolves when the process is gone. */
  kill9(): Promise<void>;
  /** Orderly; SIGKILL after 15 s. */
  stop(): Promise<void>;
  /** Again on the same ports and data; resolves when it serves. */
  start(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
}

export interface Cluster extends AsyncDisposable {
  /** All three, for `brokers:` or, joined by commas, for Java's bootstrap.servers. */
  readonly bootstrap: string;
  readonly brokers: readonly string[];
  /** By number, from 1. */
  node(n: number): Broker;
  kill9(n: number): Promise<void>;
  start(n: number): Promise<void>;
}

const clusterId = "bWRjYS1rYWZrYS1zb3VyY2U";

/** One KRaft node, formatted, started and serving. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const [ports] = await assignPorts(1);
  const broker = await makeBroker({ id: 1, all: [ports as Ports], options });
  return await startedOrGone([broker], broker);
}

/** Three nodes, replication factor 3 and min.insync.replicas 2 by default; a killed one is noticed in 3 s. */
export async function startCluster3(options: Omit<BrokerOptions, "tls" | "acls"> = {}): Promise<Cluster> {
  const all = await assignPorts(3);
  const nodes = await Promise.all(
    all.map((_, i) => makeBroker({ id: i + 1, all, options: { heapMb: 256, ...options } })),
  );
  const node = (n: number): Broker => {
    const found = nodes[n - 1];
    if (found === undefined) throw new Error(`there is no node ${n}: they are 1, 2 and 3`);
    return found;
  };
  const cluster: Cluster = {
    brokers: nodes.map((each) => each.bootstrap),
    bootstrap: nodes.map((each) => each.bootstrap).join(","),
    node,
    kill9: (n) => node(n).kill9(),
    start: (n) => node(n).start(),
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((each) => each[Symbol.asyncDispose]()));
    },
  };
  return await startedOrGone(nodes, cluster);
}

async function startedOrGone<T>(nodes: readonly Broker[], result: T): Promise<T> {
  try {
    await Promise.all(nodes.map((node) => node.start()));
    return result;
  } catch (error) {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    throw error;
  }
}

interface Ports {
  readonly client: number;
  readonly controller: number;
  readonly internal: number;
}

async function assignPorts(nodes: number): Promise<Ports[]> {
  const ports: Ports[] = [];
  for (let i = 0; i < nodes; i++) {
    ports.push({ client: await freePort(), controller: await freePort(), internal: await freePort() });
  }
  return ports;
}

interface NodeSpec {
  readonly id: number;
  readonly all: readonly Ports[];
  readonly options: BrokerOptions;
}

async function makeBroker(spec: NodeSpec): Promise<Broker> {
  requireSetup();
  const ports = spec.all[spec.id - 1] as Ports;
  const dir = scratchDir(`broker-${ports.client}`);
  const tls = spec.options.tls === true ? await makeCertificates(dir) : null;
  const config = join(dir, "server.properties");
  const ours = { ...basics(spec, dir), ...(tls === null ? {} : secured(spec, tls)) };
  const { properties } = spec.options;
  const settings = { ...ours, ...(typeof properties === "function" ? properties(spec.id, ours) : properties) };
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(""),
  );
  const users = Object.values(scramUsers).flatMap((user) => [
    "--add-scram",
    `SCRAM-SHA-512=[name=${user.name},password=${user.password}]`,
  ]);
  const format = ["kafka.tools.StorageTool", "format", "-t", clusterId, "-c", config, ...(tls === null ? [] : users)];
  await runTool(["java", "-Xmx96m", ...smallJvm, "-cp", kafkaJars, ...format]);
  return brokerIn(dir, spec, tls === null ? null : security(dir, tls, ports));
}

function brokerIn(dir: string, spec: NodeSpec, secure: Security | null): Broker {
  const { client } = spec.all[spec.id - 1] as Ports;
  const logFile = join(logsDir, `broker-${client}.log`);
  const jvm = [`-Xmx${spec.options.heapMb ?? 384}m`, ...(spec.options.jvm ?? smallJvm)];
  const argv = ["java", ...jvm, ...logLevels, "-cp", kafkaJars, "kafka.Kafka", join(dir, "server.properties")];
  let node: Running | null = null;
  const up = (): Running => {
    if (node?.isRunning() !== true) throw new Error(`broker ${client} is not running`);
    return node;
  };
  return {
    bootstrap: `127.0.0.1:${client}`,
    dir,
    logFile,
    security: secure,
    get pid() {
      return up().pid;
    },
    isRunning: () => node?.isRunning() === true,
    async kill9() {
      await up().kill9();
    },
    async stop() {
      await node?.stop();
    },
    async start() {
      if (node?.isRunning() === true) throw new Error(`broker ${client} is running already`);
      const started = start(argv, { name: `broker-${client}`, cwd: dir, logFile });
      node = started;
      await started.waitFor(
        async () => started.log().includes("Kafka Server started") && (await accepts(client)),
        90_000,
      );
    },
    pause: () => up().signal("SIGSTOP"),
    resume: () => up().signal("SIGCONT"),
    async [Symbol.asyncDispose]() {
      await node?.kill9();
      discard(dir);
    },
  };
}

const logLevels = [
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
  "-Dorg.slf4j.simpleLogger.showDateTime=true",
  "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
  "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
  "-Dorg.slf4j.simpleLogger.log.kafka.server.BrokerServer=info",
  "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.storage.internals.log.LogCleaner=info",
];

function basics(spec: NodeSpec, dir: string): Properties {
  const { client, controller } = spec.all[spec.id - 1] as Ports;
  const nodes = spec.all.length;
  return {
    "process.roles": "broker,controller",
    "node.id": spec.id,
    "controller.quorum.voters": spec.all.map((each, i) => `${i + 1}@127.0.0.1:${each.controller}`).join(","),
    listeners: `PLAINTEXT://127.0.0.1:${client},CONTROLLER://127.0.0.1:${controller}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${client}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "log.dirs": join(dir, "data"),
    "auto.create.topics.enable": "false",
    "default.replication.factor": nodes,
    "min.insync.replicas": Math.ceil((nodes + 1) / 2),
    "offsets.topic.replication.factor": nodes,
    "offsets.topic.num.partitions": 3,
    "transaction.state.log.replication.factor": nodes,
    "transaction.state.log.min.isr": Math.ceil((nodes + 1) / 2),
    "transaction.state.log.num.partitions": 3,
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
    "log.cleaner.dedupe.buffer.size": 8_388_608,
  };
}

/** SASL_SSL for clients; the broker itself and the test's set-up use a plaintext door, whose ANONYMOUS may do all. */
function secured(spec: NodeSpec, tls: Certificates): Properties {
  const { client, controller, internal } = spec.all[spec.id - 1] as Ports;
  const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
  const advertised = `SASL_SSL://127.0.0.1:${client},INTERNAL://127.0.0.1:${internal}`;
  const acls = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "false",
    "super.users": "User:ANONYMOUS;User:admin",
  };
  return {
    listeners: `${advertised},CONTROLLER://127.0.0.1:${controller}`,
    "advertised.listeners": advertised,
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,SASL_SSL:SASL_SSL",
    "inter.broker.listener.name": "INTERNAL",
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": scram,
    "ssl.keystore.type": "PKCS12",
    "ssl.keystore.location": tls.keystore,
    "ssl.keystore.password": storePassword,
    "ssl.key.password": storePassword,
    ...(spec.options.acls === true ? acls : {}),
  };
}

function security(dir: string, tls: Certificates, ports: Ports): Security {
  return {
    ca: readFileSync(tls.caFile, "utf8"),
    caFile: tls.caFile,
    users: scramUsers,
    adminBootstrap: `127.0.0.1:${ports.internal}`,
    clientProperties: (user) =>
      writeClientProperties(join(dir, `client-${user}.properties`), tls.caFile, scramUsers[user]),
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(port, "127.0.0.1");
    const done = (ok: boolean) => {
      socket.destroy();
      settle(ok);
    };
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}
