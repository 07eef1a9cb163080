import { configRows } from "./config-rows.ts";
import { byId, el, fill, tableOf } from "./dom.ts";
import { lastErrors } from "./last-errors.ts";
import { time, type View } from "./view.ts";

const ERROR_COLUMNS = [{ title: "When" }, { title: "Where" }, { title: "What" }, { title: "Message" }];
const SHARD_COLUMNS = [
  { title: "Shard" },
  { title: "Here" },
  { title: "Tenants" },
  { title: "Committed", isNumber: true },
  { title: "Failed", isNumber: true },
  { title: "Fenced", isNumber: true },
];

/** What stands below the scans: last errors, shards, configuration. */
export function showTables(view: View): void {
  const { status, formats, chosen } = view;
  const errors = lastErrors(status);
  fill(byId("errors"), [errors, formats.zone], () =>
    tableOf(
      errors.length === 0 ? "None since the start" : "The last of each scan and shard, the newest first",
      errors.length === 0 ? [] : ERROR_COLUMNS,
      errors.map(({ at, where, what, message }) => [time(at, view), where, what, message]),
    ),
  );
  fill(byId("shards"), status.shards, () =>
    tableOf(
      "Shards of the cursors topic and their transactions since the start",
      SHARD_COLUMNS,
      status.shards.map(({ shard, owned, tenants, transactions }) => [
        String(shard),
        owned ? "owned" : "not owned",
        tenants.join(", "),
        ...[transactions.committed, transactions.failed, transactions.fenced].map(formats.count),
      ]),
    ),
  );
  // Hundreds of options are made only for those who look.
  if (!byId<HTMLDetailsElement>("config-box").open) return;
  fill(byId("config"), [status.config, chosen?.scan], () =>
    tableOf(
      chosen === null
        ? "Choose a scan to see its own options, too"
        : `Of scan ${chosen.scan}, its tenant and the connector`,
      [{ title: "Option" }, { title: "Value" }],
      configRows(status.config, chosen).map(({ option, value }) => [el("code", {}, option), el("code", {}, value)]),
    ),
  );
}
