/** Numbers as people read them. Fixed locale, so that pictures, exports and tests agree everywhere. */

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** 1234567 -> "1,234,567" */
export function count(n: number): string {
  return GROUPED.format(Math.round(n));
}

/** About four significant digits without exponents in the middle range; "–" for nothing. */
export function value(n: number | null | undefined): string {
  if (n === null || n === undefined || Number.isNaN(n)) return "–";
  if (!Number.isFinite(n)) return "∞";
  const a = Math.abs(n);
  if (a === 0) return "0";
  if (a >= 1e6 || a < 1e-3) return n.toExponential(1).replace("e+", "e").replace("-", "−");
  if (a >= 1000) return count(n);
  if (a >= 100) return n.toFixed(0);
  if (a >= 10) return n.toFixed(1);
  if (a >= 1) return n.toFixed(2);
  return n.toFixed(3);
}

/** "34.2°" */
export function degrees(n: number | null | undefined): string {
  return n === null || n === undefined || Number.isNaN(n) ? "–" : `${n.toFixed(n < 10 ? 1 : 0)}°`;
}

/** "97.3 %" */
export function percent(n: number | null | undefined): string {
  return n === null || n === undefined || Number.isNaN(n) ? "–" : `${n.toFixed(1)} %`;
}

/** Axis ticks: 12000 -> "12k". */
export function tick(n: number): string {
  const a = Math.abs(n);
  if (a >= 1e6) return `${trim(n / 1e6)}M`;
  if (a >= 1e4) return `${trim(n / 1e3)}k`;
  if (a > 0 && a < 1e-3) return n.toExponential(0).replace("e-", "e−");
  return trim(n);
}

function trim(n: number): string {
  return String(Number(n.toPrecision(4)));
}

/** 3 725 000 ms -> "1:02:05" */
export function duration(ms: number): string {
  const total = Math.floor(ms / 1000);
  const s = String(total % 60).padStart(2, "0");
  const m = Math.floor(total / 60) % 60;
  const h = Math.floor(total / 3600);
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

/** 1536000 -> "1.5 MB" */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(0)} kB`;
  return `${(n / 1e6).toFixed(1)} MB`;
}

/** "W2" -> "W²": the layer index as the paper prints it. */
export function layerName(name: string): string {
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  return name.replace(/\d/g, (d) => digits[Number(d)] ?? d);
}

/** Two significant digits: 1.9, 24, 0.4. */
export function brief(n: number): string {
  return String(Number(n.toPrecision(2)));
}
