// A page of charts, one per metric, grouped by the first part of the name. Only what is in sight is fetched.

import { h, add, fill, button } from './dom.js';
import { csv, num } from './format.js';
import { keep, kept } from './keep.js';
import { empty } from './ui.js';
import { LineChart } from './chart.js';
import { histories, stepsIn } from './series.js';

/** One metric of some runs. */
class Card {
  constructor(key, grid) {
    this.key = key;
    this.grid = grid;
    this.known = new Map();
    this.chart = new LineChart(key, { onZoom: () => this.detail() });
    this.box = h('div', {});
    this.state = h('small', { class: 'muted' });
    this.el = h('article', { class: 'chart-card', data: { metric: key } },
      h('header', {}, h('h3', { title: key }, key.replace(/^system\//, '')), this.state,
        button('', () => { this.el.classList.toggle('big'); }, { kind: 'bare small', glyph: 'expand', title: `Enlarge ${key}` }),
        button('', () => this.save(), { kind: 'bare small', glyph: 'down', title: `Save the points of ${key} as CSV` })), this.box);
  }

  mark() {
    return this.grid.runs.map((run) => `${run.id}:${run.metrics[this.key]?.step}:${run.metrics[this.key]?.time}`).join();
  }

  /** Fetches what is new, when in sight. */
  async look() {
    const mark = this.mark();
    if (!this.seen || this.busy || mark === this.fetched) return;
    this.busy = true;
    try {
      const ids = this.grid.runs.filter((run) => this.key in run.metrics).map((run) => run.id);
      this.known = ids.length ? await histories(ids, this.key, { signal: this.grid.signal }) : new Map();
      this.fetched = mark;
      this.state.textContent = '';
      if (this.chart.zoom) await this.detail();
      else this.draw();
    } catch (error) {
      if (error.name !== 'AbortError') this.state.textContent = error.message;
    }
    this.busy = false;
    if (this.fetched && this.mark() !== this.fetched) this.look();
  }

  /** More points of the part that is zoomed into, where the server left some out. */
  async detail() {
    const { zoom } = this.chart;
    if (!zoom) {
      this.fine = null;
      return this.draw();
    }
    const lines = this.lines(this.known);
    const { axis } = this.chart.options;
    const place = (one) => (axis === 'step' ? one.steps : axis === 'wall' ? one.times : one.times.map((t) => t - one.start));
    const between = stepsIn(lines, zoom, place);
    if (!between || lines.every((one) => one.whole)) return this.draw();
    try {
      const fine = await histories(lines.map((one) => one.id), this.key, { between, signal: this.grid.signal });
      if (this.chart.zoom === zoom) this.fine = fine;
    } catch { /* the coarse line stays */ }
    this.draw();
  }

  lines(known) {
    return this.grid.runs.filter((run) => known.get(run.id)?.steps.length).map((run) => ({
      id: run.id, name: run.name, colour: run.colour, start: run.start, ...known.get(run.id) }));
  }

  draw() {
    const lines = this.lines(this.fine ?? this.known);
    if (lines.length && lines.every((one) => one.values.length === 1) && !this.fine) {
      return fill(this.box, h('div', { class: 'chart' }, lines.length === 1
        ? h('div', { class: 'figure-one', title: String(lines[0].values[0]) }, num(lines[0].values[0])) : bars(lines)));
    }
    if (!this.chart.el.isConnected) fill(this.box, this.chart.el);
    // Values that were all logged for the same step are drawn over time.
    const { options } = this.grid;
    const still = options.axis === 'step' && lines.length > 0 && lines.every((one) => one.steps[0] === one.steps.at(-1));
    this.chart.set(lines, still ? { ...options, axis: 'time' } : options);
  }

  save() {
    const rows = this.lines(this.fine ?? this.known).flatMap((one) => one.steps.map((step, i) => [one.name, one.id, step, one.times[i], one.values[i]]));
    csv(`${this.key.replaceAll('/', '-')}.csv`, [['run', 'run_id', 'step', 'timestamp', 'value'], ...rows]);
  }
}

function bars(lines) {
  const most = Math.max(...lines.map((one) => Math.abs(one.values[0])).filter(Number.isFinite), 1e-300);
  return h('div', { class: 'bars' }, lines.map((one) => {
    const bar = h('i');
    bar.style.background = one.colour;
    bar.style.width = `${Math.min(100, 100 * Math.abs(one.values[0]) / most) || 0}%`;
    return h('div', {}, h('span', { title: one.name }, one.name), bar, h('b', {}, num(one.values[0])));
  }));
}

/** Charts of `runs` (with `colour`) for the metrics that `wanted` lets through. */
export class ChartGrid {
  constructor({ signal, wanted = () => true, none }) {
    this.signal = signal;
    this.wanted = wanted;
    this.none = none;
    this.runs = [];
    this.cards = new Map();
    this.options = { axis: 'step', log: false, smoothing: 0, ...kept('chart', {}) };
    this.place = h('div', {});
    this.sight = new IntersectionObserver((entries) => entries.forEach((entry) => {
      const card = this.cards.get(entry.target.dataset.metric);
      if (card) { card.seen = entry.isIntersecting; card.look(); }
    }), { rootMargin: '300px' });
    this.el = h('div', {}, this.controls(), this.place);
    const redraw = () => this.cards.forEach((card) => card.chart.soon());
    addEventListener('theme', redraw, { signal });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw, { signal });
    signal.addEventListener('abort', () => this.sight.disconnect());
  }

  controls() {
    const { options } = this;
    const change = (part) => {
      Object.assign(options, part);
      keep('chart', options);
      this.cards.forEach((card) => { card.fine = null; card.draw(); });
    };
    const shown = h('output', {}, options.smoothing.toFixed(2));
    this.find = h('input', { type: 'search', placeholder: 'Find a metric', 'aria-label': 'Find a metric', 'data-filter': true, on: { input: () => this.draw() } });
    return h('div', { class: 'chart-bar' }, this.find,
      h('label', {}, 'Over', h('select', { name: 'axis', on: { change: (e) => change({ axis: e.target.value }) } },
        [['step', 'Step'], ['time', 'Time since start'], ['wall', 'Clock']].map(([value, text]) => h('option', { value, selected: options.axis === value }, text)))),
      h('label', {}, h('input', { type: 'checkbox', name: 'log', checked: options.log, on: { change: (e) => change({ log: e.target.checked }) } }), 'Log scale'),
      h('label', {}, 'Smoothing', h('input', { type: 'range', name: 'smoothing', min: '0', max: '0.99', step: '0.01', value: String(options.smoothing),
        on: { input: (e) => { shown.textContent = Number(e.target.value).toFixed(2); change({ smoothing: Number(e.target.value) }); } } }), shown));
  }

  /** Takes over the runs and draws; charts that stay keep their zoom. */
  set(runs) {
    this.runs = runs;
    const keys = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].filter(this.wanted).sort();
    if (keys.join('\n') !== this.keys?.join('\n')) {
      this.keys = keys;
      this.draw();
    }
    this.cards.forEach((card) => card.look());
  }

  draw() {
    const words = this.find.value.toLowerCase();
    const keys = this.keys.filter((key) => key.toLowerCase().includes(words));
    const groups = new Map();
    // Few charts stand together; many are easier to find under headings.
    const grouped = this.keys.length > 9;
    for (const key of keys) {
      const name = grouped && key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
      groups.set(name, [...(groups.get(name) ?? []), key]);
    }
    this.sight.disconnect();
    fill(this.place, [...groups].map(([name, list]) => h('section', { class: 'chart-group' }, groups.size > 1 && h('h2', {}, name || 'Metrics'),
      add(h('div', { class: 'charts' }), list.map((key) => {
        if (!this.cards.has(key)) this.cards.set(key, new Card(key, this));
        return this.cards.get(key).el;
      })))), !keys.length && (this.none && !this.keys.length ? this.none : empty('No metric', words ? 'None has that in its name.' : 'A metric that is logged is drawn here at once.')));
    this.place.querySelectorAll('[data-metric]').forEach((el) => this.sight.observe(el));
  }
}
