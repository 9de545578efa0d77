import type { Bin } from "./metrics.ts";

/** Side of the square the plot is drawn in, and the room around it, pixels. */
const SIDE = 360;
const MARGIN = { left: 64, top: 52, right: 24, bottom: 92 };
const WIDTH = MARGIN.left + SIDE + MARGIN.right;
const HEIGHT = MARGIN.top + SIDE + MARGIN.bottom;
/** Height of the bars that count claims, below the axis. */
const BARS = 28;
/** Two standard errors of a share: what chance alone does to a bin. */
const ERRORS = 2;

const x = (p: number): string => (MARGIN.left + p * SIDE).toFixed(1);
const y = (share: number): string => (MARGIN.top + (1 - share) * SIDE).toFixed(1);

/**
 * A reliability diagram as SVG: what the model said against how often it was true, bin by bin. Whiskers show two
 * standard errors, bars how many claims a bin holds; calibrated answers lie on the diagonal.
 */
export function reliabilityDiagram(title: string, bins: readonly Bin[]): string {
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const most = Math.max(1, ...bins.map(({ claims }) => claims));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(WIDTH / 2, 24, "middle", title),
    `<rect x="${x(0)}" y="${y(1)}" width="${SIDE}" height="${SIDE}" fill="none" stroke="#999"/>`,
    `<line x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}" stroke="#999" stroke-dasharray="4 4"/>`,
    ...ticks.flatMap((tick) => [
      text(Number(x(tick)), MARGIN.top + SIDE + 16, "middle", String(tick)),
      text(MARGIN.left - 8, Number(y(tick)) + 4, "end", String(tick)),
    ]),
    ...bins.map((bin) => countBar(bin, most)),
    ...bins.map(whisker),
    `<polyline fill="none" stroke="#1f5fa8" stroke-width="2" points="${bins.map(({ said, found }) => `${x(said)},${y(found)}`).join(" ")}"/>`,
    ...bins.map(
      ({ claims, said, found }) =>
        `<circle cx="${x(said)}" cy="${y(found)}" r="4" fill="#1f5fa8"><title>${claims} claims: said ${said.toFixed(3)}, true ${found.toFixed(3)}</title></circle>`,
    ),
    text(MARGIN.left + SIDE / 2, HEIGHT - 8, "middle", "probability given (bars: claims)"),
    `<g transform="rotate(-90 16 ${MARGIN.top + SIDE / 2})">${text(16, MARGIN.top + SIDE / 2 + 4, "middle", "share that is true")}</g>`,
    "</svg>",
    "",
  ].join("\n");
}

function whisker({ claims, said, found }: Bin): string {
  const reach = ERRORS * Math.sqrt((found * (1 - found)) / claims);
  const [low, high] = [Math.max(0, found - reach), Math.min(1, found + reach)];
  return `<line x1="${x(said)}" y1="${y(low)}" x2="${x(said)}" y2="${y(high)}" stroke="#1f5fa8"/>`;
}

function countBar({ claims, said }: Bin, most: number): string {
  const height = (claims / most) * BARS;
  const top = MARGIN.top + SIDE + 24;
  return `<rect x="${(Number(x(said)) - 6).toFixed(1)}" y="${(top + BARS - height).toFixed(1)}" width="12" height="${height.toFixed(1)}" fill="#b9cfe8"/>`;
}

function text(atX: number, atY: number, anchor: "start" | "middle" | "end", content: string): string {
  return `<text x="${atX}" y="${atY}" text-anchor="${anchor}" fill="#333">${escapeXml(content)}</text>`;
}

/** A model's name is a stranger's text. */
function escapeXml(content: string): string {
  return content
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
