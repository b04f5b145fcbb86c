import { describe, expect, it } from "vitest";
import { between, moved, Zoom, zoomed } from "./line-zoom";
import { decades, extent, niceTicks, type PlotLike, paintPlot, smoothed } from "./plot-paint";
import { escaped, NotVector, parseFont, recorder, SvgContext } from "./svg-context";

const measure = { measureText: (text: string) => ({ width: 6 * text.length }) };
const svgContext = () => new SvgContext(measure as unknown as CanvasRenderingContext2D);

describe("zoom", () => {
  const full = [0, 1000] as const;

  it("narrows around a place and stays inside", () => {
    expect(zoomed(full, full, 2, false)).toEqual([250, 750]);
    expect(zoomed(full, full, 2, false, 0)).toEqual([0, 500]);
    expect(zoomed([250, 750], full, 2, false, 1)).toEqual([500, 750]);
    expect(zoomed([250, 750], full, 1 / 4, false), "everything is no zoom").toBeNull();
    expect(zoomed([0, 0.3], full, 2, false)?.[1], "there is an end to it").toBeCloseTo(
      0.2 + 0.05,
      1,
    );
  });

  it("moves along, as far as there is something", () => {
    expect(moved([0, 500], full, 0.5, false)).toEqual([250, 750]);
    expect(moved([400, 900], full, 0.5, false)).toEqual([500, 1000]);
    expect(moved([100, 200], full, -9, false)).toEqual([0, 100]);
  });

  it("measures in decades on a logarithmic axis", () => {
    const [from, to] = zoomed([1, 10_000], [1, 10_000], 2, true) ?? [];
    expect(from).toBeCloseTo(10, 6);
    expect(to).toBeCloseTo(1000, 6);
  });

  it("takes two points in any order", () => {
    expect(between(600, 200, full, false)).toEqual([200, 600]);
    const [from, to] = between(300, 300, full, false) ?? [0, 0];
    expect(to - from, "a click has a width").toBeGreaterThan(0);
  });

  it("tells every figure, once a change", () => {
    const zoom = new Zoom();
    let told = 0;
    const stop = zoom.on(() => told++);
    zoom.set([1, 2]);
    zoom.set([1, 2]);
    expect(told).toBe(1);
    stop();
    zoom.set(null);
    expect(told).toBe(1);
  });
});

describe("smoothing", () => {
  it("is a mean over both sides of what was measured; the ends stay where they are", () => {
    expect(smoothed([2, 4, null, 9, 8, 7], 3)).toEqual([2, 5, null, 7, 8, 7]);
    expect(smoothed([0, 10, 20, 30, 100], 5)).toEqual([0, 10, 32, 50, 100]);
    expect(smoothed([1, null, 2], 0)).toEqual([1, null, 2]);
  });
});

describe("axes", () => {
  it("have round ticks with room between them", () => {
    expect(niceTicks(0, 1000, 70, 350)).toEqual([0, 200, 400, 600, 800, 1000]);
    expect(niceTicks(0.11, 0.29, 30, 120)).toEqual([0.15, 0.2, 0.25]);
    expect(niceTicks(3, 3, 70, 350)).toEqual([]);
  });

  it("go by decades where they are logarithmic", () => {
    expect(decades(1, 12_000)).toEqual([1, 10, 100, 1000, 10_000]);
    expect(decades(20, 90).length).toBeGreaterThan(2);
  });

  it("span what is in sight", () => {
    expect(
      extent(
        [0, 10, 20],
        [
          [9, 2, null],
          [1, 3, 4],
        ],
        5,
        30,
      ),
    ).toEqual([2, 4]);
    expect(extent([0], [[1]], 5, 30)).toBeNull();
  });
});

describe("the SVG recorder", () => {
  it("writes paths, dashes and text where a canvas would draw them", () => {
    const svg = svgContext();
    const ctx = recorder(svg);
    ctx.save();
    ctx.translate(10, 20);
    ctx.scale(2, 2);
    ctx.strokeStyle = "#d55e00";
    ctx.lineWidth = 1.5;
    ctx.setLineDash([3, 2]);
    ctx.beginPath();
    ctx.moveTo(0, 0);
    ctx.lineTo(5, 5);
    ctx.stroke();
    ctx.restore();
    ctx.font = "600 12px Roboto, sans-serif";
    ctx.textAlign = "right";
    ctx.fillText(`<a href="x">&`, 50, 60);
    expect(ctx.measureText("four").width).toBe(24);
    const text = svg.text(100, 80, "T & t", "#ffffff");
    expect(text).toContain('d="M10 20L20 30"');
    expect(text).toContain('stroke="#d55e00" stroke-width="3" stroke-dasharray="6 4"');
    expect(text).toContain('font-weight="600"');
    expect(text).toContain('text-anchor="end"');
    expect(text).toContain("&#60;a href=&#34;x&#34;&#62;&#38;</text>");
    expect(text).toContain("<title>T &#38; t</title>");
    expect(text).not.toContain("<a ");
  });

  it("closes a full circle and clips", () => {
    const svg = svgContext();
    const ctx = recorder(svg);
    ctx.beginPath();
    ctx.rect(0, 0, 10, 10);
    ctx.clip();
    ctx.beginPath();
    ctx.arc(5, 5, 2, 0, 2 * Math.PI);
    ctx.fill();
    const text = svg.text(10, 10, "", "#fff");
    expect(text).toMatch(/<clipPath id="clip1"><path d="M0 0L10 0L10 10L0 10Z"\/>/);
    expect(text.match(/C/g)?.length).toBeGreaterThanOrEqual(4);
    expect(text).toMatch(/7 5" fill/);
  });

  it("says what it cannot do, and can take back what was drawn", () => {
    const svg = svgContext();
    const ctx = recorder(svg);
    const mark = svg.mark();
    ctx.fillRect(0, 0, 1, 1);
    expect(() => ctx.createRadialGradient(0, 0, 0, 0, 0, 0)).toThrow(NotVector);
    svg.rewind(mark);
    expect(svg.text(1, 1, "", "#fff")).not.toContain("M0 0L1 0");
  });

  it("reads fonts and escapes what XML cannot hold", () => {
    expect(parseFont("italic 600 11px 'Segoe UI', serif")).toEqual({
      size: 11,
      weight: "600",
      style: "italic",
      family: "'Segoe UI', serif",
    });
    expect(escaped("a\u0000b<")).toBe("ab&#60;");
  });
});

describe("a painted plot", () => {
  it("places points by its axes and leaves out what has no value", () => {
    const svg = svgContext();
    let seen: PlotLike | null = null;
    const axis = { from: 0, to: 10, log: false, ticks: [0, 5, 10], text: String };
    paintPlot(recorder(svg), {
      width: 130,
      height: 120,
      room: { left: 20, right: 10, top: 10, bottom: 10 },
      x: axis,
      y: { ...axis, from: 1, to: 100, log: true, ticks: [1, 10, 100] },
      gridX: false,
      ink: "#111111",
      grid: "#eeeeee",
      at: [0, 5, 10],
      bands: [{ upper: [10, 10, 10], lower: [1, 1, 1], colour: "#0072b230" }],
      lines: [{ y: [1, null, 100], colour: "#0072b2", width: 2, dash: [], dots: 0 }],
      behind: () => undefined,
      over: (plot) => {
        seen = plot;
      },
    });
    const text = svg.text(130, 120, "", "#fff");
    expect(text).toContain('d="M20 110L120 10" fill="none" stroke="#0072b2"');
    expect(text).toContain('d="M20 60L70 60L120 60L120 110L70 110L20 110Z" fill="#0072b230"');
    expect((seen as PlotLike | null)?.valToPos(10, "y", true)).toBeCloseTo(60);
  });
});
