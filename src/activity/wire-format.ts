/** The registry's wire format: this byte, the schema's id in 4 bytes (big-endian), then the Avro body. */
export const MAGIC = 0;
export const HEADER_BYTES = 5;

export interface Framed {
  /** The registry's id of the schema that the value was written with. */
  readonly schemaId: number;
  readonly body: Buffer;
}

/** Takes a record's value out of the registry's wire format. @throws Error when it is not in it. */
export function unframed(value: Uint8Array | null): Framed {
  if (value === null) throw new Error("a record without a value is no activity");
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (bytes.length < HEADER_BYTES || bytes[0] !== MAGIC) throw new Error("not in the schema registry's wire format");
  return { schemaId: bytes.readUInt32BE(1), body: bytes.subarray(HEADER_BYTES) };
}
