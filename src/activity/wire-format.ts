/** The registry's wire format: this byte, the schema's id in 4 bytes (big-endian), then the Avro body. */
export const MAGIC = 0;
export const HEADER_BYTES = 5;
