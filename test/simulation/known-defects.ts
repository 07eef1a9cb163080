/**
 * Defects of the connector that the simulation has found and that are not repaired yet: each excuses what follows from
 * it, and nothing else. With a repair its line becomes false, and then goes.
 */
export const KNOWN = {
  /**
   * A last page that is empty against its own total, twice over, does not hold back the position where the order is
   * descending or the pass was split: what it did not show is passed.
   */
  emptiesPassed: true,
  /** `cursorField: auto` decided for `date` keeps the position that empty spans of `created` have moved. */
  decidedTooLate: true,
  /**
   * Two probes in a row that are empty against their own total, or with more to come, settle that `created` is
   * honoured; where it is not, the scan is then blocked for good, loudly.
   */
  probeBelieved: true,
};
