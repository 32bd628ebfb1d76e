// Numbers, times and sizes as people read them.

/** A number of the wire: NaN and the infinities travel as words, or as the largest double. */
export function toNum(value) {
  const x = typeof value === 'number' ? value : Number(value);
  if (x >= 1.797e308) return Infinity;
  return x <= -1.797e308 ? -Infinity : x;
}

/** Four significant digits, so that a column of like values lines up. */
export function num(value) {
  const x = toNum(value);
  if (Number.isNaN(x)) return 'NaN';
  if (!Number.isFinite(x)) return x > 0 ? '∞' : '−∞';
  if (Number.isInteger(x) && Math.abs(x) < 1e7) return minus(String(x));
  const size = Math.abs(x);
  if (size >= 1e7 || size < 1e-4) return minus(x.toExponential(3).replace('e+', 'e'));
  return minus(size >= 1e4 ? x.toFixed(1) : x.toPrecision(4));
}

const minus = (text) => text.replace(/^-/, '−');

const UNITS = [['y', 31557600], ['mo', 2629800], ['d', 86400], ['h', 3600], ['min', 60]];

/** How long ago, in one unit. */
export function ago(ms, now = Date.now()) {
  const seconds = Math.max(0, (now - ms) / 1000);
  for (const [unit, size] of UNITS) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit} ago`;
  return seconds < 10 ? 'just now' : `${Math.floor(seconds)} s ago`;
}

/** Exact local time. */
export function exact(ms) {
  return new Date(ms).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** A duration in its two largest units. */
export function duration(ms) {
  if (!(ms >= 0)) return '';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${(ms / 1000).toFixed(1)} s`;
  const [d, hours, m] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (d) return `${d} d ${hours} h`;
  return hours ? `${hours} h ${m} min` : `${m} min ${seconds % 60} s`;
}

/** A size in bytes. */
export function bytes(n) {
  const x = Number(n);
  if (!(x >= 0)) return '';
  if (x < 1000) return `${x} B`;
  const step = Math.min(3, Math.floor(Math.log10(x) / 3));
  return `${(x / 1000 ** step).toPrecision(3)} ${['', 'kB', 'MB', 'GB'][step]}`;
}

/** `1 run`, `2 runs`. */
export function count(n, word) {
  return `${n.toLocaleString('en')} ${word}${n === 1 ? '' : 's'}`;
}

/** Tags of the wire, or params, as an object without a prototype, so that no name of theirs means anything. */
export function map(list) {
  const out = Object.create(null);
  for (const { key, value } of list ?? []) out[key] = value ?? '';
  return out;
}

// Text that begins like a formula would be one in a spreadsheet.
const field = (value) => (typeof value === 'number' ? value : /^[\w.:/ -]*$/.test(value) && !/^[-\t]/.test(value) ? value : `"${value.replace(/^[=+@\t-]/, "'$&").replaceAll('"', '""')}"`);

/** Gives the user `rows` as a file. */
export function csv(name, rows) {
  const link = document.createElement('a');
  link.download = name;
  link.href = URL.createObjectURL(new Blob(rows.map((row) => `${row.map(field).join()}\n`), { type: 'text/csv' }));
  link.click();
  URL.revokeObjectURL(link.href);
}
