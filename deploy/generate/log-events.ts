// Writes docs/log-events.md from the events that the log knows.
import { writeFileSync } from "node:fs";
import { logEventsPage } from "./log-events-page.ts";

writeFileSync(new URL("../../docs/log-events.md", import.meta.url), logEventsPage());
