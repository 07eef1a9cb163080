/**
 * The words that every query is made of. A query names its metric by one of these selectors and so can leave out
 * none of the dashboard's variables; a rate is always over `$__rate_interval`.
 */

/** Of the chosen processes. @param more further matchers, e.g. `result="failed"`. */
export const ofProcess = (metric: string, more = ""): string =>
  `${metric}{job=~"$job", instance=~"$instance"${more === "" ? "" : `, ${more}`}}`;

/** A metric of the connector's own, without its prefix. */
export const ofConnector = (metric: string, more = ""): string => ofProcess(`mdca_source_${metric}`, more);

/** Of the chosen tenants. */
export const ofTenant = (metric: string, more = ""): string =>
  ofConnector(metric, `tenant=~"$tenant"${more === "" ? "" : `, ${more}`}`);

/** Of the chosen scan. */
export const ofScan = (metric: string, more = ""): string =>
  ofTenant(metric, `scan=~"$scan"${more === "" ? "" : `, ${more}`}`);

export const rate = (counter: string): string => `rate(${counter}[$__rate_interval])`;

/** Over what is shown, for one number. */
export const inRange = (counter: string): string => `increase(${counter}[$__range])`;

/** The greatest value of a gauge in what is shown. */
export const peak = (gauge: string): string => `max_over_time(${gauge}[$__range])`;

/** Of each point of a line. */
export const increase = (counter: string): string => `increase(${counter}[$__rate_interval])`;

/** What a value is told apart by. The job as well: two deployments may have the same names. */
export const SCAN = "job, tenant, scan";
export const TENANT = "job, tenant";
export const SHARD = "job, shard";

export const sumBy = (labels: string, expr: string): string => `sum by (${labels}) (${expr})`;

/** Of replicas the owner says the most, all others 0. */
export const maxBy = (labels: string, expr: string): string => `max by (${labels}) (${expr})`;

/** Age of a moment in seconds, per `labels`; where it is not known nothing. @param moment a gauge of Unix seconds. */
export const ageBy = (labels: string, moment: string): string =>
  `clamp_min(time() - max by (${labels}) (${moment} > 0), 0)`;

/** @param share 0 to 1. @param histogram its selector, as of `name_bucket`. @param by labels besides `le`. */
export const quantile = (share: number, histogram: string, by = ""): string =>
  `histogram_quantile(${share}, ${sumBy(by === "" ? "le" : `le, ${by}`, rate(histogram))})`;
