import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../real/process.ts";

export const FOLDER = join(root, "deploy/grafana");

/** A dashboard as it stands in its file, as far as it is looked at. */
export interface Rendered {
  uid: string;
  title: string;
  description: string;
  tags: string[];
  editable: boolean;
  refresh: string;
  panels: Panel[];
  templating: { list: Variable[] };
  annotations: { list: Annotation[] };
  links: { type: string; tags: string[]; keepTime: boolean; includeVars: boolean }[];
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: Datasource;
  targets?: Target[];
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: {
    defaults: { unit?: string; thresholds?: { steps: { value: number | null }[] } };
    overrides: { matcher: { options: string }; properties: { id: string; value: unknown }[] }[];
  };
}

export interface Target {
  refId: string;
  expr: string;
  datasource?: Datasource;
  instant?: boolean;
  legendFormat?: string;
}

export interface Datasource {
  type: string;
  uid: string;
}

export interface Variable {
  type: string;
  name: string;
  label?: string;
  query: string;
  datasource?: Datasource;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string;
  refresh?: number;
}

export interface Annotation {
  name: string;
  expr: string;
  datasource?: Datasource;
  enable: boolean;
  textFormat: string;
}

/** Everything that is shipped. */
export function renderedDashboards(): Rendered[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
  return files.map((name) => JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as Rendered);
}

/** Without the headings of rows. */
export const panelsOf = (dashboard: Rendered): Panel[] => dashboard.panels.filter(({ type }) => type !== "row");

/** Every query of a dashboard's panels and annotations, with where it stands. */
export function queriesOf(dashboard: Rendered): { where: string; expr: string }[] {
  const ofPanels = panelsOf(dashboard).flatMap(({ title, targets }) =>
    (targets ?? []).map(({ refId, expr }) => ({ where: `${dashboard.title}, ${title}, ${refId}`, expr })),
  );
  const ofMarks = dashboard.annotations.list.map(({ name, expr }) => ({ where: `${dashboard.title}, ${name}`, expr }));
  return [...ofPanels, ...ofMarks];
}
