import type { KafkaConfig } from "../config/config.ts";

/** Whom the brokers take the connector for, as a word of a shell's command line. */
export function principalOf({ sasl, ssl }: KafkaConfig): string {
  if (sasl !== null)
    return /^[\w.@-]+$/.test(sasl.username) ? `User:${sasl.username}` : quoted(`User:${sasl.username}`);
  return (ssl?.cert ?? null) === null ? "User:ANONYMOUS" : quoted("User:<the subject of kafka.ssl.cert>");
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
