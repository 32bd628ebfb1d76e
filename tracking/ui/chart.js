// Lines over steps or time on a canvas: readout under the pointer, zoom by dragging, logarithmic values, smoothing.

import { h, fill, button } from './dom.js';
import { exact, num } from './format.js';
import { axis, logTicks, markText, ticks } from './scale.js';

const PAD = { left: 54, right: 12, top: 10, bottom: 24 };

/** Moving average with exponential weights, without the pull towards zero at the start; gaps stay gaps. */
export function smooth(values, weight) {
  if (!weight) return values;
  let sum = 0;
  let mass = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    sum = sum * weight + (1 - weight) * value;
    mass = mass * weight + (1 - weight);
    return sum / mass;
  });
}

/** `series`: `{id, name, colour, steps, times, values, start}` with arrays of the same length in order of their steps. */
export class LineChart {
  constructor(label, { onZoom } = {}) {
    this.onZoom = onZoom;
    this.label = label;
    this.series = [];
    this.options = { axis: 'step', log: false, smoothing: 0 };
    this.zoom = null;
    this.canvas = h('canvas', { tabindex: '0', role: 'img', 'aria-label': label });
    this.readout = h('div', { class: 'readout', hidden: true });
    this.unzoom = button('Whole range', () => this.setZoom(null), { kind: 'small unzoom', hidden: true });
    this.el = h('div', { class: 'chart' }, this.canvas, this.readout, this.unzoom);
    this.listen();
    new ResizeObserver(() => this.soon()).observe(this.el);
  }

  listen() {
    const c = this.canvas;
    c.addEventListener('pointerdown', (e) => { if (e.button === 0) { this.from = this.inside(e.offsetX); c.setPointerCapture(e.pointerId); } });
    c.addEventListener('pointermove', (e) => { this.at = e.offsetX; this.atY = e.offsetY; this.soon(); });
    c.addEventListener('pointerleave', () => { this.at = null; this.soon(); });
    c.addEventListener('pointercancel', () => { this.from = null; this.at = null; this.soon(); });
    c.addEventListener('pointerup', (e) => {
      const { from } = this;
      this.from = null;
      const till = this.inside(e.offsetX);
      if (from !== undefined && from !== null && Math.abs(till - from) > 6) this.setZoom([this.valueAt(Math.min(from, till)), this.valueAt(Math.max(from, till))]);
      this.soon();
    });
    c.addEventListener('dblclick', () => this.setZoom(null));
    c.addEventListener('keydown', (e) => {
      const by = { ArrowLeft: -8, ArrowRight: 8 }[e.key];
      if (e.key === 'Escape') this.setZoom(null);
      if (!by) return;
      e.preventDefault();
      this.at = this.inside((this.at ?? this.w / 2) + by);
      this.atY = this.hgt / 2;
      this.soon();
    });
    c.addEventListener('blur', () => { this.at = null; this.soon(); });
  }

  inside(x) {
    return Math.max(PAD.left, Math.min(this.w - PAD.right, x));
  }

  valueAt(px) {
    const [low, high] = this.rangeX;
    return low + (high - low) * (px - PAD.left) / (this.w - PAD.left - PAD.right);
  }

  setZoom(range) {
    if (range === null && this.zoom === null) return;
    this.zoom = range;
    this.unzoom.hidden = !range;
    this.soon();
    this.onZoom?.(range);
  }

  /** Takes over lines and options and draws. */
  set(series, options = this.options) {
    if (options.axis !== this.options.axis) {
      this.zoom = null;
      this.unzoom.hidden = true;
    }
    this.options = options;
    this.series = series.map((one) => {
      const xs = options.axis === 'step' ? one.steps : options.axis === 'wall' ? one.times : one.times.map((t) => t - one.start);
      return { ...one, xs, lines: smooth(one.values, options.smoothing) };
    });
    this.canvas.setAttribute('aria-label', `${this.label}: ${series.map((one) => `${one.name} ${one.values.length ? num(one.values.at(-1)) : 'no value'}`).slice(0, 8).join(', ')}`);
    this.soon();
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  ranges() {
    let [x0, x1] = this.zoom ?? [Infinity, -Infinity];
    if (!this.zoom) {
      for (const { xs } of this.series) {
        for (const x of xs) {
          if (x < x0) x0 = x;
          if (x > x1) x1 = x;
        }
      }
    }
    let [y0, y1] = [Infinity, -Infinity];
    const { log, smoothing } = this.options;
    for (const { xs, values, lines } of this.series) {
      for (let i = 0; i < xs.length; i++) {
        if (xs[i] < x0 || xs[i] > x1) continue;
        // Smoothed lines set the scale, else a few wild values would flatten them.
        const v = smoothing > 0.5 ? lines[i] : values[i];
        if (!Number.isFinite(v) || log && v <= 0) continue;
        if (v < y0) y0 = v;
        if (v > y1) y1 = v;
      }
    }
    if (x0 > x1) [x0, x1] = [0, 1];
    if (x0 === x1) [x0, x1] = [x0 - 0.5, x1 + 0.5];
    if (y0 > y1) [y0, y1] = log ? [0.1, 1] : [0, 1];
    if (log) [y0, y1] = [Math.log10(y0), Math.log10(y1)];
    const pad = (y1 - y0) * 0.06 || Math.abs(y0) * 0.05 || 0.5;
    this.rangeX = [x0, x1];
    this.rangeY = [y0 - pad, y1 + pad];
  }

  draw() {
    const { clientWidth: w, clientHeight: hgt } = this.canvas;
    if (!w || !hgt) return;
    Object.assign(this, { w, hgt });
    const ratio = devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(w * ratio) || this.canvas.height !== Math.round(hgt * ratio)) {
      this.canvas.width = Math.round(w * ratio);
      this.canvas.height = Math.round(hgt * ratio);
    }
    const g = this.canvas.getContext('2d');
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, w, hgt);
    this.ranges();
    const style = getComputedStyle(this.el);
    const colour = (name) => style.getPropertyValue(name).trim();
    const [[x0, x1], [y0, y1]] = [this.rangeX, this.rangeY];
    this.toX = (x) => PAD.left + (w - PAD.left - PAD.right) * (x - x0) / (x1 - x0);
    this.toY = (v) => {
      const y = this.options.log ? Math.log10(v) : v;
      return hgt - PAD.bottom - (hgt - PAD.bottom - PAD.top) * (y - y0) / (y1 - y0);
    };
    this.grid(g, colour);
    g.save();
    g.beginPath();
    g.rect(PAD.left, 0, w - PAD.left - PAD.right + 2, hgt);
    g.clip();
    for (const one of this.series) this.line(g, one);
    g.restore();
    this.pointer(g, colour);
  }

  grid(g, colour) {
    const { w, hgt } = this;
    const [[x0, x1], [y0, y1]] = [this.rangeX, this.rangeY];
    g.font = '11px system-ui, sans-serif';
    g.lineWidth = 1;
    g.fillStyle = colour('--muted');
    g.strokeStyle = colour('--line');
    g.textAlign = 'right';
    g.textBaseline = 'middle';
    const marks = this.options.log ? logTicks(y0, y1) : ticks(y0, y1, Math.max(2, hgt / 50));
    for (const mark of marks) {
      const y = Math.round(hgt - PAD.bottom - (hgt - PAD.bottom - PAD.top) * (mark - y0) / (y1 - y0)) + 0.5;
      g.beginPath();
      g.moveTo(PAD.left, y);
      g.lineTo(w - PAD.right, y);
      g.stroke();
      g.fillText(this.options.log ? num(10 ** mark) : markText(mark, marks[1] - marks[0]), PAD.left - 7, y);
    }
    g.textBaseline = 'top';
    g.textAlign = 'center';
    const kind = axis(this.options.axis);
    for (const mark of kind.ticks(x0, x1, Math.max(2, w / 95))) {
      if (this.options.axis === 'step' && x1 - x0 >= 1 && !Number.isInteger(mark)) continue;
      const text = kind.text(mark, x1 - x0);
      const half = g.measureText(text).width / 2;
      g.fillText(text, Math.min(this.toX(mark), w - half - 1), hgt - PAD.bottom + 7);
    }
  }

  line(g, { xs, values, lines, colour }) {
    const [x0, x1] = this.rangeX;
    const first = Math.max(0, bisect(xs, x0) - 1);
    const last = Math.min(xs.length, bisect(xs, x1) + 2);
    g.strokeStyle = g.fillStyle = colour;
    g.lineJoin = 'round';
    const trace = (ys, alpha, width) => {
      g.globalAlpha = alpha;
      g.lineWidth = width;
      g.beginPath();
      let pen = false;
      for (let i = first; i < last; i++) {
        if (!Number.isFinite(ys[i]) || this.options.log && ys[i] <= 0) {
          pen = false;
          continue;
        }
        const [x, y] = [this.toX(xs[i]), this.toY(ys[i])];
        const alone = !pen && !(i + 1 < last && Number.isFinite(ys[i + 1]));
        if (alone) g.rect(x - 1.5, y - 1.5, 3, 3);
        else if (pen) g.lineTo(x, y);
        else g.moveTo(x, y);
        pen = !alone;
      }
      g.stroke();
    };
    if (this.options.smoothing) trace(values, 0.25, 1);
    trace(lines, 1, 1.7);
    g.globalAlpha = 1;
    // Values that have no place on the axis are marked where they happened.
    for (let i = first; i < last; i++) if (!Number.isFinite(values[i])) g.fillRect(this.toX(xs[i]) - 1, this.hgt - PAD.bottom - 5, 2, 5);
  }

  pointer(g, colour) {
    const { at, from } = this;
    if (at === null || at === undefined) {
      this.readout.hidden = true;
      return;
    }
    const px = this.inside(at);
    if (from !== undefined && from !== null && Math.abs(px - from) > 3) {
      g.globalAlpha = 0.15;
      g.fillStyle = colour('--accent');
      g.fillRect(Math.min(px, from), PAD.top, Math.abs(px - from), this.hgt - PAD.bottom - PAD.top);
      g.globalAlpha = 1;
      this.readout.hidden = true;
      return;
    }
    const x = this.valueAt(px);
    const hits = this.series.map((one) => ({ ...one, i: nearest(one.xs, x) })).filter((one) => one.i >= 0);
    if (!hits.length) return;
    const lead = hits.reduce((a, b) => (Math.abs(b.xs[b.i] - x) < Math.abs(a.xs[a.i] - x) ? b : a));
    const lineX = Math.round(this.toX(lead.xs[lead.i])) + 0.5;
    g.strokeStyle = colour('--line-strong');
    g.lineWidth = 1;
    g.beginPath();
    g.moveTo(lineX, PAD.top);
    g.lineTo(lineX, this.hgt - PAD.bottom);
    g.stroke();
    const span = this.rangeX[1] - this.rangeX[0];
    const close = hits.filter((one) => Math.abs(one.xs[one.i] - lead.xs[lead.i]) <= span * 0.03);
    let near = close[0];
    for (const one of close) {
      const y = this.toY(one.lines[one.i]);
      if (!Number.isFinite(y)) continue;
      if (Math.abs(y - this.atY) < Math.abs(this.toY(near.lines[near.i]) - this.atY)) near = one;
      g.fillStyle = one.colour;
      g.beginPath();
      g.arc(this.toX(one.xs[one.i]), y, 3, 0, 7);
      g.fill();
    }
    this.tell(close, lead, near, px);
  }

  tell(close, lead, near, px) {
    const rows = [...close].sort((a, b) => b.values[b.i] - a.values[a.i]);
    const at = Math.max(0, Math.min(rows.indexOf(near) - 5, rows.length - 12));
    const head = this.options.axis === 'step' ? `Step ${lead.steps[lead.i]}` : axis(this.options.axis).text(lead.xs[lead.i], 0);
    fill(this.readout, h('div', { class: 'muted', title: exact(lead.times[lead.i]) }, this.options.axis === 'step' ? head : `${head} · step ${lead.steps[lead.i]}`),
      h('table', {}, rows.slice(at, at + 12).map((one) => {
        const dot = h('i', { class: 'swatch' });
        dot.style.background = one.colour;
        return h('tr', { class: one === near && rows.length > 1 ? 'near' : '' }, h('td', {}, dot), h('td', {}, one.name), h('td', {}, num(one.values[one.i])));
      })), rows.length > 12 && h('div', { class: 'muted' }, `${rows.length - 12} more`));
    this.readout.hidden = false;
    const { offsetWidth, offsetHeight } = this.readout;
    const left = px + 14 + offsetWidth > this.w ? Math.max(0, px - 14 - offsetWidth) : px + 14;
    this.readout.style.left = `${left}px`;
    this.readout.style.top = `${Math.max(0, Math.min(this.hgt - offsetHeight, (this.atY ?? 0) - offsetHeight / 2))}px`;
  }
}

/** Where `x` would stand among sorted `xs`. */
function bisect(xs, x) {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const mid = (low + high) >> 1;
    if (xs[mid] < x) low = mid + 1;
    else high = mid;
  }
  return low;
}

function nearest(xs, x) {
  if (!xs.length) return -1;
  const i = bisect(xs, x);
  if (i === 0) return 0;
  if (i === xs.length) return xs.length - 1;
  return x - xs[i - 1] < xs[i] - x ? i - 1 : i;
}
