#!/usr/bin/env node
import { runCli } from "./cli/cli.ts";
import { StopRequested } from "./cli/stop.ts";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    const reason = new StopRequested(name);
    // The second signal is meant: nothing more is waited for.
    if (stop.signal.aborted) process.exit(reason.exitCode);
    stop.abort(reason);
  });
}

process.exitCode = await runCli(process.argv.slice(2), stop.signal);
// Sockets of a broken peer must not keep a finished command alive.
process.exit();
