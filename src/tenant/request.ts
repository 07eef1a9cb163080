/** The time that a scan moves along; the API's own names for its sort fields and time filters. */
export type CursorField = "created" | "date";

/** The API's filters: field → operator → value; conditions are ANDed. */
export type Filters = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What one request asks for. The body always carries `isScan: true`. */
export interface PageRequest {
  /** JSON text put into the body verbatim, so that stored next filters go back as they came. */
  readonly filters: string;
  readonly sortField: CursorField;
  readonly sortDirection: "asc" | "desc";
  /** The API takes 500 to 5,000. What comes back is believed, not this. */
  readonly limit: number;
}
