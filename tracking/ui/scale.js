// Axes: where the marks are and how they read.

import { duration, num } from './format.js';

/** About `n` round values from `low` to `high`. */
export function ticks(low, high, n) {
  const raw = (high - low) / Math.max(1, n);
  if (!(raw > 0) || !Number.isFinite(raw)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= raw * 0.999);
  const out = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9 && out.length < 100; i++) out.push(i * step);
  return out;
}

/** Marks of a logarithmic axis over exponents `low` to `high`; each as an exponent. */
export function logTicks(low, high) {
  const out = [];
  const every = Math.max(1, Math.ceil((high - low) / 6));
  for (let e = Math.floor(low); e <= high; e += every) {
    for (const m of high - low < 2 ? [1, 2, 5] : [1]) {
      const at = e + Math.log10(m);
      if (at >= low - 1e-9 && at <= high + 1e-9) out.push(at);
    }
  }
  return out.length > 1 ? out : [low, high];
}

/** Marks of a time axis in milliseconds, on whole seconds, minutes, hours or days. */
export function timeTicks(low, high, n) {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 108e5, 216e5, 432e5, 864e5, 1728e5, 6048e5];
  const step = steps.find((s) => s >= (high - low) / n) ?? 6048e5 * Math.ceil((high - low) / n / 6048e5);
  const out = [];
  for (let i = Math.ceil(low / step); i * step <= high && out.length < 100; i++) out.push(i * step);
  return out;
}

/** A time since the start, with the digits that tell marks of an axis of this span apart: `5 min`, `1:00:02.5`. */
function sinceStart(x, span) {
  if (x === 0) return '0';
  if (x < 0) return `−${sinceStart(-x, span)}`;
  // Two units are too few where the marks are closer than the smaller one.
  const fine = span > 0 && (x >= 36e5 ? span < 18e4 : x >= 6e4 && span < 3e3);
  if (!fine) return duration(x).replace(/ 0 (s|min|h)$/, '').replace(/\.0 s$/, ' s');
  const two = (n) => String(n).padStart(2, '0');
  const rest = span < 3e3 ? `.${String(Math.floor(x % 1000)).padStart(3, '0')}` : '';
  return `${Math.floor(x / 36e5)}:${two(Math.floor(x / 6e4) % 60)}:${two(Math.floor(x / 1e3) % 60)}${rest}`;
}

const AXES = {
  step: { name: 'Step', ticks, text: (x) => (Number.isInteger(x) ? short(x) : num(x)) },
  time: { name: 'Time', ticks: timeTicks, text: sinceStart },
  wall: { name: 'Clock', ticks: timeTicks, text: (x, span) => new Date(x).toLocaleString(undefined, span > 1728e5 ? { month: 'short', day: 'numeric' }
    : { hour: '2-digit', minute: '2-digit', second: span < 6e5 ? '2-digit' : undefined }) },
};

/** An axis by name: `step`, `time` since the run's start, or `wall` clock. */
export const axis = (name) => AXES[name] ?? AXES.step;

/** A whole number without room to spare: 12k, 3M. */
export function short(x) {
  const size = Math.abs(x);
  if (size >= 1e6) return `${+(x / 1e6).toPrecision(4)}M`;
  return size >= 1e4 ? `${+(x / 1e3).toPrecision(4)}k` : num(x);
}

/** Text of a value at a mark, with the digits that its neighbours need. */
export function markText(value, step) {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e4 || size < 1e-3 && step < 1e-3) return size >= 1e4 && size < 1e9 ? short(value) : num(value);
  const digits = Math.max(0, Math.min(6, -Math.floor(Math.log10(step || size) + 1e-9)));
  return value.toFixed(digits).replace('-', '−');
}
