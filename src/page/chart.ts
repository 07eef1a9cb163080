import type uPlotType from "uplot";
import { el, setText } from "./dom.ts";
import type { Formats } from "./formats.ts";
import { type Points, summaryOf } from "./points.ts";
import { NONE } from "./view.ts";

/** Set by the chart library's own script, which the page loads before this one. */
declare const uPlot: typeof uPlotType;

export interface ChartPlan {
  readonly title: string;
  readonly unit: string;
  /** Of each series, by the names of the style sheet; the first is filled, others are dashed. */
  readonly colours: readonly string[];
  /** What else is to be said of it, after its summary. */
  readonly note?: string;
  /** Steps that the axis of values may have. */
  readonly ticks: readonly number[];
  readonly format: (value: number, formats: Formats) => string;
}

const HEIGHT_PX = 132;
/** Steps that the axis of times may have, in s. */
const MINUTES = [1, 2, 5, 10, 15, 20, 30].map((minutes) => minutes * 60);
/** So that the pointer stands at the same instant in all of them. */
const SYNC = "page";

type Series = readonly (readonly (number | null)[])[];

/** One small chart; beside the picture stands in words what it says. */
export class Chart {
  readonly figure: HTMLElement;
  readonly #plan: ChartPlan;
  readonly #picture = el("div", { class: "picture", role: "img" });
  readonly #value = el("span", { class: "value" }, NONE);
  readonly #words = el("p", { class: "words muted" });
  #plot: uPlotType | null = null;
  #formats: Formats | null = null;
  #data: uPlotType.AlignedData = [[]];
  #now: number | null = null;
  #fromSeconds = 0;

  constructor(plan: ChartPlan) {
    this.#plan = plan;
    const caption = el(
      "figcaption",
      {},
      el("strong", {}, plan.title),
      " ",
      this.#value,
      el("span", { class: "muted" }, ` ${plan.unit}`),
    );
    this.figure = el("figure", {}, caption, this.#picture, this.#words);
    new ResizeObserver(() => this.#fit()).observe(this.#picture);
  }

  show({ at, fromSeconds, isYoung }: Points, series: Series, formats: Formats): void {
    const isNewZone = this.#formats !== null && this.#formats.zone !== formats.zone;
    this.#formats = formats;
    this.#fromSeconds = fromSeconds;
    this.#data = [[...at], ...series.map((values) => [...values])];
    const summary = summaryOf(series[0] ?? []);
    this.#now = summary?.now ?? null;
    const shown = (value: number) => this.#plan.format(value, formats);
    const words =
      summary === null
        ? "Nothing known yet"
        : `${isYoung ? "So far" : "Last hour"}: ${shown(summary.least)} to ${shown(summary.most)}, on average ${shown(summary.mean)}${this.#plan.note ?? ""}`;
    setText(this.#words, words);
    this.#picture.setAttribute(
      "aria-label",
      `${this.#plan.title}, ${this.#plan.unit}. Now ${this.#valueNow()}. ${words}.`,
    );
    this.#read(null);
    if (this.#plot === null || isNewZone) this.recolour();
    else this.#plot.setData(this.#data);
  }

  /** Draws it anew: its colours are read when it is made. */
  recolour(): void {
    if (this.#formats === null) return;
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(this.#formats), this.#data, this.#picture);
    this.#plot.root.setAttribute("aria-hidden", "true");
  }

  #valueNow(): string {
    return this.#now === null || this.#formats === null ? NONE : this.#plan.format(this.#now, this.#formats);
  }

  /** The value under the pointer with its time; without a pointer the present one. */
  #read(index: number | null): void {
    const value = index === null ? null : this.#data[1]?.[index];
    const at = index === null ? undefined : this.#data[0][index];
    if (at === undefined || this.#formats === null || value === null || value === undefined) {
      setText(this.#value, this.#valueNow());
      return;
    }
    setText(this.#value, `${this.#plan.format(value, this.#formats)} at ${this.#formats.clock(at * 1_000)}`);
  }

  #fit(): void {
    const width = this.#picture.clientWidth;
    if (this.#plot !== null && width > 0 && width !== this.#plot.width)
      this.#plot.setSize({ width, height: HEIGHT_PX });
  }

  #options(formats: Formats): uPlotType.Options {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour("--muted"),
      font: `11px ${style.fontFamily}`,
      grid: { stroke: colour("--grid"), width: 1 },
      ticks: { show: false },
    };
    return {
      width: Math.max(1, this.#picture.clientWidth),
      height: HEIGHT_PX,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: SYNC }, y: false, drag: { x: false, y: false }, points: { size: 6 } },
      hooks: { setCursor: [({ cursor }) => this.#read(cursor.idx ?? null)] },
      scales: {
        x: { range: (_plot, _min, max) => [this.#fromSeconds, max] },
        y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] },
      },
      axes: [
        {
          ...axis,
          size: 22,
          space: 64,
          incrs: [...MINUTES],
          values: (_plot, splits) => splits.map((at) => formats.clock(at * 1_000)),
        },
        {
          ...axis,
          size: 52,
          space: 28,
          incrs: [...this.#plan.ticks],
          values: (_plot, splits) => splits.map((value) => this.#plan.format(value, formats)),
        },
      ],
      series: [{}, ...this.#plan.colours.map((name, at) => seriesOf(colour(name), at))],
    };
  }
}

function seriesOf(stroke: string, at: number): uPlotType.Series {
  const look =
    at === 0 ? { width: 1.5, fill: `color-mix(in srgb, ${stroke} 18%, transparent)` } : { width: 1, dash: [4, 4] };
  return { stroke, points: { show: false }, spanGaps: false, ...look };
}
