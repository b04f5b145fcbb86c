import { describe, expect, it } from "vitest";
import { rule } from "../../testing/fake";
import { along, distance, reversed } from "./curve";
import { BP, fakeData, NP } from "./fake-step";
import { layoutOf, pixelAt, spread } from "./layout";
import { angleBetween, feedbackOf, rowOf, weightOf } from "./model";
import { arrival, DWELL_MS, follows, Playhead, phasesOf, placeOf, toldIn } from "./phases";
import { phaseRows, unitTable, wireText } from "./values";
import { strongest, wiresAt, wiresOf } from "./wires";

const FA = rule("fa", { has_feedback: true });
const DIRECT = rule("np-dfa", { learns_feedback: true, perturbs: true, direct: true });
const PLAIN = rule("perturb", { perturbs: true });
const LAYOUT = { width: 700, sizes: [16, 8, 2, 8, 16], picture: true };

/** "+0.0123", "−1.2 × …" as numbers. */
const numbers = (text: string | undefined): number[] =>
  (text ?? "")
    .match(/[+−]?\s?[\d.]+(e[−-]?\d+)?/g)
    ?.map((n) => Number(n.replace(/\s/g, "").replaceAll("−", "-").replace("+", ""))) ?? [];

describe("phases", () => {
  it("are those that a rule has", () => {
    expect(phasesOf(NP)).toEqual(["clean", "noisy", "loss", "correlate", "feedback", "update"]);
    expect(phasesOf(BP)).toEqual(["clean", "loss", "feedback", "update"]);
    expect(phasesOf(PLAIN)).toEqual(["clean", "noisy", "loss", "correlate", "update"]);
    expect(phasesOf(rule("mirror"))).toContain("mirror");
  });

  it("have a place in the article, where the rule does what it says", () => {
    const told = (r: typeof NP) => phasesOf(r).map((phase) => toldIn(r, phase));
    expect(told(NP)).toEqual(["clean", "noisy", "noisy", "correlate", "feedback", "update"]);
    expect(told(BP)).toEqual(["clean", "clean", "update", "update"]);
    expect(toldIn(rule("mirror"), "mirror")).toBeNull();
    const does = (r: typeof NP) => phasesOf(NP).filter((step) => follows(r, step));
    expect(does(DIRECT)).toEqual(phasesOf(NP));
    expect(does(FA)).toEqual(["clean", "loss", "update"]);
    expect(does(PLAIN)).not.toContain("feedback");
  });

  it("end where the next begins: a whole number is still the phase that it ends", () => {
    const phases = phasesOf(NP);
    expect(placeOf(phases, 0)).toEqual({ index: 0, phase: "clean", progress: 0 });
    expect(placeOf(phases, 1)).toEqual({ index: 0, phase: "clean", progress: 1 });
    expect(placeOf(phases, 1.25)).toEqual({ index: 1, phase: "noisy", progress: 0.25 });
    expect(placeOf(phases, 99)).toEqual({ index: 5, phase: "update", progress: 1 });
    expect(placeOf(phases, -3).index).toBe(0);
  });

  it("are played one after the other, with a rest at each end, and then the step is over", () => {
    const phases = phasesOf(BP);
    const head = new Playhead(phases, 0);
    const ends: number[] = [];
    let t = 0;
    let before = 0;
    while (!head.advance(20)) {
      t += 20;
      if (Math.floor(head.position) > Math.floor(before)) ends.push(t);
      expect(head.position).toBeGreaterThanOrEqual(before);
      before = head.position;
      if (t > 60_000) throw new Error("it never ends");
    }
    expect(ends).toHaveLength(phases.length);
    expect(t - (ends.at(-1) ?? 0)).toBeGreaterThanOrEqual(DWELL_MS - 40);
    // Time in one piece leads to the same place as time in frames.
    const jump = new Playhead(phases, 0);
    expect(jump.advance(t + 40)).toBe(true);
    expect(jump.position).toBe(phases.length);
  });

  it("reach one layer after the other", () => {
    for (const p of [0, 0.2, 0.5, 0.9, 1])
      for (let k = 1; k < 4; k++)
        expect(arrival(p, k, 4)).toBeLessThanOrEqual(arrival(p, k - 1, 4));
    expect(arrival(1, 3, 4)).toBe(1);
    expect(arrival(0, 0, 4)).toBe(0);
  });
});

describe("layout", () => {
  it("spreads a few of many units evenly, with both ends", () => {
    expect(spread(3, 14)).toEqual([0, 1, 2]);
    const some = spread(200, 14);
    expect(some).toHaveLength(14);
    expect([some[0], some.at(-1)]).toEqual([0, 199]);
    expect(new Set(some).size).toBe(14);
  });

  const nets = [
    [784, 200, 2, 200, 784],
    [784, 50, 20, 10],
    [784, 1, 784],
    [3072, 512, 256, 128, 64, 32, 10],
  ];
  for (const width of [280, 328, 519, 520, 640, 1300])
    for (const sizes of nets)
      it(`keeps ${sizes.join("-")} inside ${width} pixels, nothing on top of anything`, () => {
        const picture = sizes[0] === sizes.at(-1);
        const layout = layoutOf({ width, sizes, picture });
        expect(layout.tall).toBe(width < 520);
        const seen: { x: number; y: number; r: number }[] = [];
        for (const { spots, boxes, hidden, units } of layout.columns) {
          if (boxes.length === 0) expect(spots.length + hidden).toBe(units);
          for (const { x, y, r } of spots) {
            expect(x - r).toBeGreaterThanOrEqual(0);
            expect(x + r).toBeLessThanOrEqual(width);
            expect(y - r).toBeGreaterThanOrEqual(0);
            expect(y + r).toBeLessThanOrEqual(layout.height);
            for (const o of seen) expect(Math.hypot(o.x - x, o.y - y)).toBeGreaterThan(o.r + r);
            seen.push({ x, y, r });
          }
          for (const { x, y, size } of boxes) {
            expect(x).toBeGreaterThanOrEqual(0);
            expect(x + size).toBeLessThanOrEqual(width);
            expect(y + size).toBeLessThanOrEqual(layout.height);
            for (const o of seen)
              expect(o.x < x || o.x > x + size || o.y < y || o.y > y + size).toBe(true);
          }
        }
      });

  it("finds a pixel's middle in its picture", () => {
    const at = pixelAt({ x: 10, y: 20, size: 56 }, 29, 28, 28);
    expect(at).toEqual({ x: 10 + 3, y: 20 + 3 });
  });
});

describe("wires", () => {
  it("pick the strongest, as sorting would", () => {
    const scores = [3, 0, 9, 1, 9.5, 2];
    expect(strongest(6, 3, (i) => scores[i] ?? 0)).toEqual([4, 2, 0]);
    expect(strongest(2, 5, () => 0)).toEqual([]);
  });

  it("carry the entries of the matrices they belong to", () => {
    for (const info of [NP, DIRECT]) {
      const data = fakeData({ info });
      const { w, b } = wiresOf(data, layoutOf(LAYOUT));
      expect(w.every((list) => list.length > 0)).toBe(true);
      for (const wire of w.flat())
        expect(wire.value).toBe(weightOf(data.moment, wire.layer, wire.above, wire.below));
      expect(b[0]).toEqual([]);
      expect(b.slice(1).every((list) => list.length > 0)).toBe(true);
      for (const wire of b.flat())
        expect(wire.value).toBe(feedbackOf(data, wire.layer, wire.above, wire.below));
    }
  });

  it("feedback runs through other wires than W, except in backpropagation, where it runs through W", () => {
    const layout = layoutOf(LAYOUT);
    const own = wiresOf(fakeData({ info: FA }), layout);
    const deepest = (curves: readonly (readonly number[])[]): number =>
      Math.max(...curves.flatMap((c) => c.filter((_, i) => i % 2 === 1)));
    expect(deepest(own.b.flat().map((x) => x.curve))).toBeGreaterThan(layout.to + 20);
    expect(deepest(own.w.flat().map((x) => x.curve))).toBeLessThanOrEqual(layout.to + 1);
    const same = wiresOf(fakeData({ info: BP }), layout);
    expect(same.b[2]?.map((wire) => reversed(wire.curve))).toEqual(
      same.w[2]?.map((wire) => wire.curve),
    );
    expect(same.b[2]?.map((wire) => wire.value)).toEqual(same.w[2]?.map((wire) => wire.value));
    expect(wiresOf(fakeData({ info: PLAIN }), layout).b.flat()).toEqual([]);
  });

  it("direct feedback comes from the output to every hidden layer", () => {
    const data = fakeData({ info: DIRECT });
    const layout = layoutOf(LAYOUT);
    const output = layout.columns.at(-1)?.s ?? 0;
    for (const wire of wiresOf(data, layout).b.flat())
      expect(Math.abs((wire.curve[0] ?? 0) - output)).toBeLessThan(80);
  });

  it("can be followed and pointed at", () => {
    const [wire] = wiresOf(fakeData(), layoutOf(LAYOUT)).b[2] ?? [];
    const curve = wire?.curve ?? [];
    const at = { x: 0, y: 0 };
    along(curve, 0, at);
    expect([at.x, at.y]).toEqual([curve[0], curve[1]]);
    along(curve, 1, at);
    expect([at.x, at.y]).toEqual(curve.slice(-2));
    along(curve, 0.37, at);
    expect(distance(curve, at.x, at.y)).toBeLessThan(6);
    expect(distance(curve, at.x + 400, at.y)).toBeGreaterThan(200);
  });

  it("of one unit are all its wires to the units drawn", () => {
    const data = fakeData();
    const wires = wiresAt(data, layoutOf(LAYOUT), 2, 1);
    expect(wires).toHaveLength(16);
    expect(wires.every((x) => (x.layer === 2 ? x.above === 1 : x.below === 1))).toBe(true);
    const down = wiresAt(data, layoutOf(LAYOUT), 2, 1, "b");
    expect(down.map((x) => x.value)).toEqual(down.map((x) => feedbackOf(data, 3, x.above, 1)));
    expect(down).toHaveLength(8);
  });
});

describe("numbers of a phase", () => {
  const at = { layer: 3, unit: 4 };
  const row = (rows: ReturnType<typeof phaseRows>, symbol: string): string | undefined =>
    rows.find((r) => r.symbol === symbol)?.value;

  it("hang together: the verdict is the change of the loss times the noise over c_h", () => {
    const rows = phaseRows(fakeData(), "correlate", at);
    const [difference = 0] = numbers(row(rows, "L~ - L"));
    const [xi = 0] = numbers(row(rows, "xi"));
    const [c = 0] = numbers(row(rows, "c_h"));
    const [hat = 0] = numbers(row(rows, "lambda_hat"));
    expect(hat).not.toBe(0);
    expect(Math.abs((difference * xi) / c / hat - 1)).toBeLessThan(0.03);
  });

  it("the noisy pass pushes the unit by c_h xi", () => {
    const rows = phaseRows(fakeData(), "noisy", at);
    const [xi = 0] = numbers(row(rows, "xi"));
    const [pushed = 1] = numbers(row(rows, "c_h xi"));
    expect(pushed).toBeCloseTo(0.02 * xi, 4);
  });

  it("the losses shown differ by the difference shown", () => {
    const rows = phaseRows(fakeData(), "loss", at);
    const [clean = 0] = numbers(row(rows, "L"));
    const [noisy = 0] = numbers(row(rows, "L~"));
    const [difference = 0] = numbers(row(rows, "L~ - L"));
    expect(difference).not.toBe(0);
    expect(noisy - clean).toBeCloseTo(difference, 3);
    expect(rows.filter((r) => r.bar !== undefined)).toHaveLength(3);
    expect(phaseRows(fakeData({ info: BP }), "loss", at)).toHaveLength(2);
  });

  it("backpropagation delivers the truth, random feedback does not", () => {
    const angleOf = (info: typeof BP): number | undefined => {
      const rows = phaseRows(fakeData({ info }), "feedback", at);
      return numbers(rows.at(-1)?.value)[0];
    };
    expect(angleOf(BP)).toBe(0);
    expect(angleOf(FA)).toBeGreaterThan(10);
    const exact = fakeData({ info: BP });
    expect(rowOf(exact.moment, 0, 3, "lambda")).toEqual(rowOf(exact.moment, 0, 3, "truth"));
  });

  it("the update shown is the largest of the unit's own, against its gradient", () => {
    const data = fakeData();
    const { moment } = data;
    const dW = moment.view.layers[2]?.dW ?? new Float32Array(0);
    const own = [...dW.subarray(4 * 2, 5 * 2)];
    const i = Math.abs(own[0] ?? 0) > Math.abs(own[1] ?? 0) ? 0 : 1;
    const [w = 0, by = 0] = numbers(row(phaseRows(data, "update", at), "W"));
    expect(w).toBeCloseTo(weightOf(moment, 3, 4, i), 2);
    const change = -moment.config.eta_w * (own[i] ?? 0);
    expect(Math.abs(by / change - 1)).toBeLessThan(0.1);
    const waits = { ...data, moment: withoutUpdate(data) };
    expect(row(phaseRows(waits, "update", at), "W")).toBeUndefined();
  });

  function withoutUpdate(data: ReturnType<typeof fakeData>) {
    const { view } = data.moment;
    const layers = view.layers.map((layer) => ({ ...layer, dW: null }));
    return { ...data.moment, view: { ...view, layers } };
  }

  it("a wire tells both weights and whether their signs agree", () => {
    const data = fakeData();
    const text = wireText(data, { kind: "w", layer: 3, above: 4, below: 1 });
    const w = weightOf(data.moment, 3, 4, 1);
    const b = feedbackOf(data, 3, 4, 1) ?? 0;
    expect(text).toContain(w * b > 0 ? "signs agree" : "signs differ");
    expect(text).toMatch(/W³ = [+−]\d.*B³ = [+−]\d/);
    expect(
      wireText(fakeData({ info: DIRECT }), { kind: "b", layer: 2, above: 3, below: 1 }),
    ).toMatch(/B² = .*no partner/);
  });

  it("the table has every unit drawn, and only what the rule has", () => {
    const shown = [at, { layer: 1, unit: 0 }];
    const table = unitTable(fakeData(), shown);
    expect(table.rows).toHaveLength(2);
    expect(table.head).toContain("verdict");
    expect(unitTable(fakeData({ info: BP }), shown).head).not.toContain("verdict");
  });

  it("knows right angles", () => {
    expect(angleBetween([1, 0], [0, 2])).toBeCloseTo(90);
    expect(angleBetween([1, 1], [-2, -2])).toBeCloseTo(180);
    expect(angleBetween([0, 0], [1, 2])).toBeNull();
  });
});
