import type { Dashboard } from "./frame.ts";
import { lines, number, text } from "./panels.ts";
import { ageBy, maxBy, ofConnector, ofProcess, rate, sumBy } from "./promql.ts";

const PROCESS = "job, instance";
const started = ofProcess("process_start_time_seconds");
const collecting = ofProcess("nodejs_gc_duration_seconds_sum");
const collections = ofProcess("nodejs_gc_duration_seconds_count");

const now = [
  number({
    title: "Processes up",
    description: "That answer when they are scraped.",
    unit: "short",
    query: `sum(${ofProcess("up")})`,
    warn: 1,
    bad: 0.5,
  }),
  text({
    title: "Version",
    description: "Of the connector. Several: an upgrade is under way.",
    unit: "none",
    query: `count by (version) (${ofConnector("build_info")})`,
    label: "version",
  }),
  text({
    title: "Node",
    description: "What it runs on.",
    unit: "none",
    query: `count by (version) (${ofProcess("nodejs_version_info")})`,
    label: "version",
  }),
  number({
    title: "Restarts",
    description: "In the time that is shown, of processes that came back under the same address.",
    unit: "short",
    query: `sum(changes(${started}[$__range]))`,
    warn: 1,
    bad: 4,
  }),
  number({
    title: "Youngest process",
    description: "How long the process has run that was started last.",
    unit: "s",
    query: `min(time() - ${started})`,
  }),
  number({
    title: "Longest pause of the event loop",
    description:
      "Of all processes, since the last scrape. While it lasts nothing else is done: no heartbeat, no answer.",
    unit: "s",
    query: `max(${ofProcess("nodejs_eventloop_lag_max_seconds")})`,
    warn: 0.5,
    bad: 2,
  }),
];

const cpuAndMemory = [
  lines({
    title: "CPU",
    description: "Cores in use. One process uses little more than one; at one it is what limits throughput.",
    unit: "short",
    queries: { "{{instance}}": sumBy(PROCESS, rate(ofProcess("process_cpu_seconds_total"))) },
    warn: 0.9,
  }),
  lines({
    title: "Memory",
    description: "Resident. Bounded by memory.pages, memory.ids and what Node needs; it does not grow with time.",
    unit: "bytes",
    queries: { "{{instance}}": maxBy(PROCESS, ofProcess("process_resident_memory_bytes")) },
  }),
  lines({
    title: "Heap and buffers",
    description: "Objects of JavaScript (used of what V8 has taken), and pages and ids, which lie outside of the heap.",
    unit: "bytes",
    queries: {
      "{{instance}} heap used": maxBy(PROCESS, ofProcess("nodejs_heap_size_used_bytes")),
      "{{instance}} heap": maxBy(PROCESS, ofProcess("nodejs_heap_size_total_bytes")),
      "{{instance}} outside": maxBy(PROCESS, ofProcess("nodejs_external_memory_bytes")),
    },
  }),
];

const node = [
  lines({
    title: "Event loop delay",
    description: "How late timers are: 10 ms is what it measures at rest. High means: the processor is what is short.",
    unit: "s",
    queries: {
      "{{instance}} mean": maxBy(PROCESS, ofProcess("nodejs_eventloop_lag_mean_seconds")),
      "{{instance}} 99 %": maxBy(PROCESS, ofProcess("nodejs_eventloop_lag_p99_seconds")),
    },
    warn: 0.1,
    bad: 0.5,
  }),
  lines({
    title: "Garbage collection",
    description: "Share of time spent on it, by kind.",
    unit: "percentunit",
    queries: { "{{instance}} {{kind}}": sumBy(`${PROCESS}, kind`, rate(collecting)) },
    warn: 0.1,
  }),
  lines({
    title: "Pause of a collection",
    description: "Mean, by kind. Major ones grow with the heap.",
    unit: "s",
    queries: {
      "{{instance}} {{kind}}": `${sumBy(`${PROCESS}, kind`, rate(collecting))} / (${sumBy(`${PROCESS}, kind`, rate(collections))} > 0)`,
    },
  }),
];

const lives = [
  lines({
    title: "Uptime",
    description: "A line that falls to 0 is a restart.",
    unit: "s",
    queries: { "{{instance}}": ageBy(PROCESS, started) },
  }),
  lines({
    title: "File descriptors",
    description: "Open: connections to brokers, tenants and the registry.",
    unit: "short",
    queries: { "{{instance}}": maxBy(PROCESS, ofProcess("process_open_fds")) },
  }),
  lines({
    title: "Active resources",
    description: "What keeps Node alive, by type: sockets, timers, requests. What grows for ever leaks.",
    unit: "short",
    queries: { "{{instance}} {{type}}": maxBy(`${PROCESS}, type`, ofProcess("nodejs_active_resources")) },
  }),
];

const scraping = [
  lines({
    title: "Scrape duration",
    description: "While a process writes its metrics it does nothing else.",
    unit: "s",
    queries: { "{{instance}}": maxBy(PROCESS, ofProcess("scrape_duration_seconds")) },
    warn: 0.5,
  }),
  lines({
    title: "Series",
    description: "Samples of a scrape. At most 60 a scan and 60 a tenant.",
    unit: "short",
    queries: { "{{instance}}": maxBy(PROCESS, ofProcess("scrape_samples_scraped")) },
  }),
  lines({
    title: "Age of the configuration",
    description: "Since it was last read.",
    unit: "s",
    queries: { "{{instance}}": ageBy(PROCESS, ofConnector("config_reload_timestamp_seconds")) },
  }),
];

export const runtime: Dashboard = {
  name: "runtime",
  title: "MDCA source / Runtime",
  description: "The processes: processor, memory, event loop, garbage collection, restarts.",
  variables: [],
  rows: [
    { title: "Now", lines: [now] },
    { title: "Processor and memory", lines: [cpuAndMemory] },
    { title: "Node", lines: [node] },
    { title: "Lives", lines: [lives] },
    { title: "Scraping", lines: [scraping] },
  ],
};
