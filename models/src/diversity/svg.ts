/** Plots as plain SVG text: no library, the same numbers give the same bytes. */

const FONT = 'font-family="sans-serif" font-size="12"';
const INK = "#333";
export const COLOURS = ["#3b6ea5", "#c0672b", "#3f8f5b", "#8a4f9e", "#b03a48", "#7a6a4f"];

function svg(width: number, height: number, title: string, parts: readonly string[]): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${FONT}>\n` +
    `<rect width="${width}" height="${height}" fill="white"/>\n${label(width / 2, 20, title, "middle")}\n` +
    `${parts.join("\n")}\n</svg>\n`
  );
}

function label(x: number, y: number, text: string, anchor: "start" | "middle" | "end" = "start"): string {
  const safe = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}" fill="${INK}">${safe}</text>`;
}

function at(value: number): string {
  return value.toFixed(1);
}

/** A cell of a heat map: what is written, and how dark it is (0 … 1); undefined is an empty cell. */
export interface Cell {
  readonly text: string;
  readonly shade: number | undefined;
}

/** Rows by columns of shaded cells. */
export function heatMap(
  title: string,
  rows: readonly string[],
  columns: readonly string[],
  cells: readonly (readonly Cell[])[],
): string {
  const [left, top, width, height] = [230, 60, 110, 34];
  const parts = [
    ...columns.map((name, column) => label(left + width * (column + 0.5), top - 10, name, "middle")),
    ...rows.map((name, row) => label(left - 10, top + height * (row + 0.5) + 4, name, "end")),
    ...cells.flatMap((line, row) =>
      line.flatMap(({ text, shade }, column) => {
        const [x, y] = [left + width * column, top + height * row];
        const fill =
          shade === undefined ? "#f4f4f4" : `rgba(59,110,165,${Math.max(0, Math.min(1, shade)).toFixed(2)})`;
        return [
          `<rect x="${x}" y="${y}" width="${width - 2}" height="${height - 2}" fill="${fill}"/>`,
          label(x + width / 2, y + height / 2 + 4, text, "middle"),
        ];
      }),
    ),
  ];
  return svg(left + width * columns.length + 20, top + height * rows.length + 20, title, parts);
}

/** One line of dots of a strip plot. */
export interface Strip {
  readonly name: string;
  readonly values: readonly number[];
}

/** A line across the plot at a value. */
export interface Mark {
  readonly at: number;
  readonly text: string;
}

/** Dots on one axis, a line for each group. */
export function stripPlot(
  title: string,
  axis: string,
  [from, to]: readonly [number, number],
  strips: readonly Strip[],
  marks: readonly Mark[] = [],
): string {
  const [left, top, width, height] = [230, 50, 520, 30];
  const bottom = top + height * strips.length;
  const x = (value: number): number =>
    left + (width * (Math.max(from, Math.min(to, value)) - from)) / (to - from);
  const ticks = Array.from({ length: 6 }, (_, index) => from + ((to - from) * index) / 5);
  const parts = [
    `<line x1="${left}" y1="${bottom}" x2="${left + width}" y2="${bottom}" stroke="${INK}"/>`,
    ...ticks.map((tick) => label(x(tick), bottom + 16, String(Number(tick.toFixed(2))), "middle")),
    label(left + width / 2, bottom + 36, axis, "middle"),
    ...marks.flatMap(({ at: value, text }) => [
      `<line x1="${at(x(value))}" y1="${top - 6}" x2="${at(x(value))}" y2="${bottom}" stroke="#b03a48" stroke-dasharray="4 3"/>`,
      label(x(value), top - 10, text, "middle"),
    ]),
    ...strips.flatMap(({ name, values }, row) => {
      const y = top + height * (row + 0.5);
      const colour = COLOURS[row % COLOURS.length] ?? INK;
      const dot = (value: number, index: number): string =>
        `<circle cx="${at(x(value))}" cy="${at(y + ((index % 5) - 2) * 3)}" r="3.5" fill="${colour}" fill-opacity="0.55"/>`;
      return [label(left - 10, y + 4, name, "end"), ...values.map(dot)];
    }),
  ];
  return svg(left + width + 30, bottom + 50, title, parts);
}

/** Groups of bars side by side. */
export function barPlot(
  title: string,
  axis: string,
  [from, to]: readonly [number, number],
  groups: readonly string[],
  series: readonly { readonly name: string; readonly values: readonly number[] }[],
): string {
  const [left, top, groupWidth, height] = [60, 70, 150, 220];
  const bar = (groupWidth - 20) / series.length;
  const y = (value: number): number =>
    top + height * (1 - (Math.max(from, Math.min(to, value)) - from) / (to - from));
  const width = left + groupWidth * groups.length + 20;
  const ticks = Array.from({ length: 6 }, (_, index) => from + ((to - from) * index) / 5);
  const parts = [
    label(left, 44, axis),
    ...series.flatMap(({ name }, index) => {
      const x = left + ((width - left) * index) / series.length;
      return [
        `<rect x="${at(x)}" y="${top + height + 36}" width="10" height="10" fill="${COLOURS[index % COLOURS.length]}"/>`,
        label(x + 14, top + height + 45, name),
      ];
    }),
    ...ticks.flatMap((tick) => [
      label(left - 6, y(tick) + 4, String(Number(tick.toFixed(3))), "end"),
      `<line x1="${left}" y1="${at(y(tick))}" x2="${width - 20}" y2="${at(y(tick))}" stroke="#ddd"/>`,
    ]),
    ...groups.flatMap((name, group) => [
      label(left + groupWidth * (group + 0.5), top + height + 18, name, "middle"),
      ...series.map(({ values }, index) => {
        const value = values[group] ?? from;
        const x = left + groupWidth * group + 10 + bar * index;
        return `<rect x="${at(x)}" y="${at(y(value))}" width="${at(bar - 2)}" height="${at(top + height - y(value))}" fill="${COLOURS[index % COLOURS.length]}"/>`;
      }),
    ]),
  ];
  return svg(width, top + height + 60, title, parts);
}
