import { ERROR_CODES } from "../../src/kit/errors.ts";
import { LOG_EVENTS, type LogEventFacts } from "../../src/observe/log-events.ts";

/** The page for people about what the log holds. */
export function logEventsPage(): string {
  const rows = Object.entries<LogEventFacts>(LOG_EVENTS).map(
    ([name, { levels, means, fields }]) => `| \`${name}\` | ${levels.join(", ")} | ${means} | ${fields.join(", ")} |`,
  );
  return `# What the log holds

Made by \`deploy/generate/log-events.ts\`: do not edit. One JSON object a line on standard output; on a terminal, text.
Every line has \`level\`, \`time\` (ISO 8601, UTC), \`event\` and \`msg\`. What repeats is told once a minute; \`held\` then
counts the lines that were left out. Names and fields change with the version only. Times and durations of fields are in
milliseconds where the name ends in \`Ms\`. \`kill -USR2 PID\` turns debug on, and off again.

| event | level | means | fields |
|---|---|---|---|
${rows.join("\n")}

## Codes

\`code\` of \`scan_state\` is one of these; README.md, "Troubleshooting", says what to do about each. Of \`request_answered\`
it is the class of the status: \`2xx\` to \`5xx\`, or \`error\` when no response came.

${ERROR_CODES.map((code) => `- \`${code}\``).join("\n")}
`;
}
