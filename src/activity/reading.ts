/** Any JSON object; what it holds is not trusted. */
export type JsonObject = { readonly [key: string]: unknown };

/** Why an activity cannot be published as a typed record; the `reason` label and dead-letter header. */
export type Defect =
  | "not_json"
  | "not_an_object"
  | "invalid_utf8"
  | "too_large"
  | "no_id"
  | "no_time"
  | "not_encodable";

/** One activity as it came, read as far as it can be. */
export interface ReadActivity {
  /** The exact bytes of its JSON, as the API sent them. */
  readonly bytes: Buffer;
  /** Their text; null when they are not UTF-8. */
  readonly text: string | null;
  readonly json: JsonObject | null;
  /** `_id`; where there is no usable one, the lower-case hex SHA-256 of the bytes. */
  readonly id: string;
  /** `created` and `timestamp`, epoch ms; null when absent or not a safe integer. */
  readonly createdMs: number | null;
  readonly dateMs: number | null;
  /** `appId`, the service that the filter of that name means; null when absent or not a safe integer. */
  readonly service: number | null;
  /** Null: can be projected and published. Else it goes to the dead letters. */
  readonly defect: Defect | null;
}
