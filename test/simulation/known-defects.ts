/**
 * Defects of the connector that the simulation has found and that are not repaired yet: each excuses what follows from
 * it, and nothing else. With a repair its line becomes false, and then goes.
 */
export const KNOWN = {
  /**
   * Two probes in a row that are empty against their own total, or with more to come, settle that `created` is
   * honoured; where it is not, the scan is then blocked for good, loudly.
   */
  probeBelieved: true,
};
