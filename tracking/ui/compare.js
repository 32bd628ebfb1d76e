// Several runs side by side: what differs, whose metrics are best, their curves, and how params lead to metrics.

import { h, fill, button } from './dom.js';
import { each, get, poll } from './api.js';
import { duration, num } from './format.js';
import { keep, kept } from './keep.js';
import { note, to } from './router.js';
import { card, empty, status, tabs, toast, when } from './ui.js';
import { COLOURS, isInner, isSystem, readRun, took } from './rundata.js';
import { ChartGrid } from './charts.js';
import { parallel } from './parallel.js';
import { scatter } from './scatter.js';

const MOST = 20;
const TABS = { table, charts, parallel, scatter };

/** The view of `#/compare[/TAB]?runs=A,B`. */
export async function compareView(root, ctx) {
  const { parts: [tab = 'table'], query, signal } = ctx;
  const ids = [...new Set((query.get('runs') ?? '').split(',').filter(Boolean))];
  if (ids.length > MOST) toast(`The first ${MOST} of ${ids.length} runs are compared.`);
  const order = ids.slice(0, MOST);
  const missing = [];
  const read = async () => {
    const found = new Map();
    missing.length = 0;
    await each(order, 6, async (id) => {
      try {
        found.set(id, readRun((await get('runs/get', { run_id: id }, { signal })).run));
      } catch (error) {
        if (error.status !== 404) throw error;
        missing.push(id);
      }
    });
    return order.filter((id) => found.has(id)).map((id, i) => ({ ...found.get(id), colour: COLOURS[i % COLOURS.length] }));
  };
  let runs = await read();
  if (signal.aborted) return;
  document.title = 'Compare – Ironbook';
  const body = h('div', {});
  const link = (name) => to(name === 'table' ? ['compare'] : ['compare', name], { runs: order.join(',') });
  const chips = h('div', { class: 'chips legend' }, runs.map((run) => h('span', { class: 'chip run-chip' }, dot(run), h('a', { href: to(['runs', run.id]) }, run.name),
    button('', () => { location.hash = to(tab === 'table' ? ['compare'] : ['compare', tab], { runs: order.filter((id) => id !== run.id).join(',') }); }, { kind: 'bare tiny', glyph: 'x', title: `Take ${run.name} out` }))));
  const from = runs[0] && h('p', { class: 'crumbs' }, h('a', { href: to(['experiments', runs[0].experiment]) }, 'Back to the runs'));
  fill(root, h('div', { class: 'page' }, from, h('header', { class: 'page-head' }, h('h1', {}, `Compare ${runs.length} runs`)),
    missing.length > 0 && h('p', { class: 'error' }, `Not found: ${missing.join(', ')}`), chips,
    tabs([['table', 'Table', link('table')], ['charts', 'Charts', link('charts')], ['parallel', 'Parallel coordinates', link('parallel')], ['scatter', 'Scatter', link('scatter')]], tab), body));
  if (!runs.length) return fill(body, empty('Nothing to compare', 'Select two runs or more in the list of an experiment.'));
  const update = await TABS[tab]?.(body, runs, ctx);
  poll(async () => {
    if (!update || !runs.some((run) => run.status === 'RUNNING')) return 'done';
    const before = JSON.stringify(runs);
    runs = await read();
    if (JSON.stringify(runs) === before) return false;
    update(runs);
    return true;
  }, signal, { soon: 2000 });
}

/** The colour of a run. */
export function dot(run) {
  const el = h('i', { class: 'swatch', 'aria-hidden': 'true' });
  el.style.background = run.colour;
  return el;
}

const LESS = /loss|err|mse|mae|rmse|mape|brier|perplexity|latency|seconds|_time|duration|divergence|distance|drift/i;
const NEITHER = /(^|[/_])(lr|learning_rate|epoch|step|iteration)s?$/i;

/** What is better, `more`, `less` or `none` of a metric: what the user said, else what its name says. */
function better(key) {
  return kept('better', {})[key] ?? (NEITHER.test(key) ? 'none' : LESS.test(key) ? 'less' : 'more');
}

const BETTER = { more: ['↑', 'More is better', 'less'], less: ['↓', 'Less is better', 'none'], none: ['·', 'Neither is better', 'more'] };

function table(root, runs) {
  let only = kept('differences', false);
  const box = h('div', { class: 'compare' });
  const draw = () => fill(box,
    section('Run', runs, [['Status', (run) => status(run.status)], ['Started', (run) => when(run.start)], ['Duration', (run) => duration(took(run))], ['User', (run) => run.user],
      ['Commit', (run) => (run.tags['mlflow.source.git.commit'] ?? '').slice(0, 7)],
      ['Dataset', (run) => run.datasets.map((d) => `${d.dataset.name} ${d.dataset.digest}`).join(', ')]].map(([label, cell]) => ({ label, cells: runs.map(cell) }))),
    metrics(runs, draw),
    values('Params', runs, (run) => run.params, only),
    values('Tags', runs, (run) => Object.fromEntries(Object.entries(run.tags).filter(([key]) => !isInner(key))), only));
  const toggle = h('label', { class: 'row' }, h('input', { type: 'checkbox', name: 'only', checked: only, on: { change: (e) => { only = e.target.checked; keep('differences', only); draw(); } } }), 'Only params and tags that differ');
  draw();
  fill(root, h('div', { class: 'chart-bar' }, toggle), box);
  return (now) => {
    runs = now;
    draw();
  };
}

/** `rows` of `{label, cells, mark, classes}` below the names of the runs. */
function section(title, runs, rows) {
  const table = h('table', { class: 'plain', 'aria-label': title }, h('colgroup', {}, h('col', { class: 'names' })),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, ''), runs.map((run) => h('th', { scope: 'col' }, dot(run), h('a', { href: to(['runs', run.id]) }, run.name))))),
    h('tbody', {}, rows.map((row) => h('tr', { class: row.mark, data: { key: row.key } }, h('td', {}, row.label), row.cells.map((cell, i) => h('td', { class: row.classes?.[i] }, cell))))));
  // Columns stand below each other in all sections.
  table.style.minWidth = `${200 + 150 * runs.length}px`;
  return card(title, h('div', { class: 'plain-box' }, table));
}

function values(title, runs, of, only) {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(of(run))))].sort();
  const rows = keys.map((key) => {
    const cells = runs.map((run) => of(run)[key]);
    const differs = new Set(cells).size > 1;
    const tally = new Map();
    cells.forEach((cell) => tally.set(cell, (tally.get(cell) ?? 0) + 1));
    const usual = [...tally].sort((a, b) => b[1] - a[1])[0];
    return { key, label: key, differs, mark: differs ? 'differs' : '', classes: cells.map((cell) => (differs && (usual[1] === 1 || cell !== usual[0]) ? 'other' : '')),
      cells: cells.map((cell) => (cell === undefined ? h('span', { class: 'muted', title: 'not set' }, '–') : h('code', {}, cell))) };
  }).filter((row) => row.differs || !only);
  return rows.length ? section(title, runs, rows) : null;
}

function metrics(runs, draw) {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].filter((key) => !isSystem(key)).sort();
  if (!keys.length) return null;
  return section('Metrics', runs, keys.map((key) => {
    const found = runs.map((run) => run.metrics[key]?.value);
    const sane = found.filter((v) => v !== undefined && !Number.isNaN(v));
    const [sign, says, next] = BETTER[better(key)];
    const best = { less: Math.min, more: Math.max, none: () => NaN }[better(key)](...sane);
    const flip = h('button', { type: 'button', class: 'arrow', title: `${says}; press to change`, 'aria-label': `${key}: ${says}`,
      on: { click: () => { keep('better', { ...kept('better', {}), [key]: next }); draw(); } } }, sign);
    return { key, label: [key, ' ', flip], classes: found.map((v) => (sane.length > 1 && v === best ? 'best' : '')),
      cells: found.map((v) => (v === undefined ? h('span', { class: 'muted' }, '–') : h('span', { title: String(v) }, num(v)))) };
  }));
}

function charts(root, runs, { signal }) {
  const grid = new ChartGrid({ signal, wanted: (key) => !isSystem(key) });
  grid.set(runs);
  fill(root, grid.el);
  return (now) => grid.set(now);
}

/** What can stand on an axis: params and metrics that the runs have. Numbers stay numbers, words take places in order. */
export function dimensions(runs) {
  const out = [];
  const push = (kind, key, read) => {
    const values = runs.map(read);
    const filled = values.filter((v) => v !== undefined && v !== '');
    if (!filled.length) return;
    const numeric = filled.every((v) => Number.isFinite(Number(v)));
    const words = numeric ? null : [...new Set(filled.map(String))].sort();
    const numbers = values.map((v) => (v === undefined || v === '' ? NaN : numeric ? Number(v) : words.indexOf(String(v))));
    out.push({ id: `${kind}.${key}`, kind, key, numbers, words, varies: new Set(filled.map(String)).size > 1 });
  };
  for (const key of [...new Set(runs.flatMap((run) => Object.keys(run.params)))].sort()) push('params', key, (run) => run.params[key]);
  for (const key of [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].filter((k) => !isSystem(k)).sort()) push('metrics', key, (run) => run.metrics[key]?.value);
  return out;
}

/** Keeps the choice of a view in the address beside the runs. */
export function remember(tab, query, part) {
  note(['compare', tab], { ...Object.fromEntries(query), ...part });
  for (const [key, value] of Object.entries(part)) query.set(key, value);
}
