// The curves of an experiment's newest runs on one page.

import { h, fill } from './dom.js';
import { poll, post } from './api.js';
import { to } from './router.js';
import { empty } from './ui.js';
import { COLOURS, isSystem, readRun } from './rundata.js';
import { ChartGrid } from './charts.js';

const SHOWN = 10;

/** The tab of `#/experiments/ID/charts`. */
export async function chartsTab(root, { id, signal }) {
  const grid = new ChartGrid({ signal, wanted: (key) => !isSystem(key) });
  const names = h('div', { class: 'chips legend' });
  const hidden = new Set();
  let runs = [];
  const look = async () => {
    const page = await post('runs/search', { experiment_ids: [id], max_results: 40, order_by: ['attributes.start_time DESC'] }, { signal });
    const before = JSON.stringify(runs);
    runs = (page.runs ?? []).map(readRun).filter((run) => Object.keys(run.metrics).length).slice(0, SHOWN);
    runs.forEach((run, i) => { run.colour = COLOURS[i % COLOURS.length]; });
    if (JSON.stringify(runs) === before) return false;
    draw();
    return true;
  };
  const draw = () => {
    fill(names, runs.map((run) => {
      const dot = h('i', { class: 'swatch' });
      dot.style.background = run.colour;
      return h('span', { class: `chip run-chip ${hidden.has(run.id) ? 'off' : ''}` },
        h('input', { type: 'checkbox', checked: !hidden.has(run.id), 'aria-label': `Show ${run.name}`, on: { change: (e) => {
          if (e.target.checked) hidden.delete(run.id);
          else hidden.add(run.id);
          draw();
        } } }), dot, h('a', { href: to(['runs', run.id]) }, run.name));
    }));
    grid.set(runs.filter((run) => !hidden.has(run.id)));
  };
  await look();
  if (!runs.length) {
    fill(root, empty('No curves yet', 'Runs of this experiment that log metrics are drawn here while they run.'));
  } else {
    fill(root, h('div', { class: 'legend-box' }, h('span', { class: 'muted' }, `The ${runs.length} newest runs with metrics`), names), grid.el);
  }
  poll(async () => {
    const changed = await look();
    if (runs.length && !grid.el.isConnected) fill(root, names, grid.el);
    return changed || runs.some((run) => run.status === 'RUNNING');
  }, signal, { soon: 2500 });
}
