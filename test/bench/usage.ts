import { readFileSync } from "node:fs";

/** User and system time of a running process so far, all its threads; µs. Linux only. */
export function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name, in parentheses, may hold spaces; the 14th and 15th fields are counted in hundredths of a second.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** The most memory that a process ever occupied, in MB (2^20 bytes), as the kernel counts it. Linux only. */
export function peakRssMb(pid: number | "self"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle - 0.5)] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

/** What one repeat took. */
export interface Sample {
  readonly activities: number;
  readonly wallMs: number;
  /** Of the measured process; user and system. */
  readonly cpuMicros: number;
}

/** One line of the results. */
export interface Row {
  readonly name: string;
  /** Median of the repeats. */
  readonly activitiesPerSecond: number;
  /** Median of the repeats; µs for each activity. */
  readonly cpuMicros: number;
  readonly cpuMicrosLeast: number;
  readonly cpuMicrosMost: number;
  /** Of the whole process, from its start. */
  readonly peakRssMb: number;
  readonly samples: readonly Sample[];
}

export function rowOf(name: string, samples: readonly Sample[], peakMb: number): Row {
  const perActivity = samples.map(({ activities, cpuMicros }) => cpuMicros / activities);
  return {
    name,
    activitiesPerSecond: median(samples.map(({ activities, wallMs }) => (activities * 1_000) / wallMs)),
    cpuMicros: median(perActivity),
    cpuMicrosLeast: Math.min(...perActivity),
    cpuMicrosMost: Math.max(...perActivity),
    peakRssMb: peakMb,
    samples,
  };
}
