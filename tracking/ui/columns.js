// Which columns the table of runs has: what the runs hold, what the user chose.

import { h, button } from './dom.js';
import { duration, num } from './format.js';
import { keep, kept } from './keep.js';
import { isDirty, isInner, isSystem, took } from './rundata.js';
import { show, when } from './ui.js';

const FIXED = {
  created: { label: 'Created', width: 110, sort: 'attributes.start_time', cell: ({ run }) => when(run.start) },
  duration: { label: 'Duration', width: 110, num: true, sort: 'duration', title: 'duration (of the runs that are loaded)', cell: ({ run }) => duration(took(run)) },
  user: { label: 'User', width: 90, sort: 'tags.`mlflow.user`', cell: ({ run }) => run.user },
  source: { label: 'Source', width: 150, sort: 'tags.`mlflow.source.name`', cell: ({ run }) => (run.tags['mlflow.source.name'] ?? '').split('/').pop() },
  commit: { label: 'Commit', width: 95, sort: 'tags.`mlflow.source.git.commit`', cell: ({ run }) => commit(run) },
  dataset: { label: 'Dataset', width: 150, cell: ({ run }) => run.datasets.map((d) => d.dataset.name).join(', ') },
  id: { label: 'Run id', width: 120, cell: ({ run }) => h('code', {}, run.id.slice(0, 12)) },
};

function commit(run) {
  const id = run.tags['mlflow.source.git.commit'];
  return id && h('code', { title: id }, id.slice(0, 7), isDirty(run) && h('span', { class: 'dirty', title: 'with changes that were not committed' }, '*'));
}

/** Names of what the runs hold: `metrics.auc`, `params.lr`, `tags.team`, in the order of the alphabet. */
export function available(runs) {
  const found = { metrics: new Set(), params: new Set(), tags: new Set() };
  for (const run of runs) {
    for (const key of Object.keys(run.metrics)) found.metrics.add(key);
    for (const key of Object.keys(run.params)) found.params.add(key);
    for (const key of Object.keys(run.tags)) if (!isInner(key)) found.tags.add(key);
  }
  return Object.entries(found).flatMap(([kind, keys]) => [...keys].sort().map((key) => `${kind}.${key}`));
}

/** Params that are not the same in all runs. */
export function differing(runs) {
  return available(runs).filter((id) => id.startsWith('params.') && new Set(runs.map((run) => run.params[id.slice(7)])).size > 1);
}

function usual(runs, ids) {
  const metrics = ids.filter((id) => id.startsWith('metrics.') && !isSystem(id.slice(8))).slice(0, 5);
  const differ = differing(runs);
  const params = (differ.length ? differ : ids.filter((id) => id.startsWith('params.'))).slice(0, 6);
  return ['created', 'duration', 'user', ...metrics, ...params];
}

/** The chosen columns of an experiment, or the usual ones for its runs. */
export function chosen(experiment, runs) {
  const ids = available(runs);
  return kept(`columns.${experiment}`, null) ?? usual(runs, ids);
}

/** A column of the table. */
export function column(id) {
  if (Object.hasOwn(FIXED, id)) return { id: FIXED[id].sort ?? id, ...FIXED[id] };
  const dot = id.indexOf('.');
  const [kind, key] = [id.slice(0, dot), id.slice(dot + 1)];
  // The grammar of the server has no way to write a backtick inside a name.
  const sort = key.includes('`') ? undefined : `${kind}.\`${key}\``;
  if (kind === 'metrics') {
    return { id: sort ?? id, label: key, title: id, num: true, width: width(key, 100), sort, cell: ({ run }) => {
      const m = run.metrics[key];
      return m && h('span', { title: String(m.value) }, num(m.value));
    } };
  }
  const read = ({ run }) => run[kind]?.[key];
  return { id: sort ?? id, label: key, title: id, width: width(key, 110), sort, cell: (row) => {
    const value = read(row);
    return value !== undefined && h('span', { title: value, class: isFinite(value) && value !== '' ? 'figure' : '' }, value);
  } };
}

const width = (key, least) => Math.min(200, Math.max(least, key.length * 7.5 + 44));

/** Lets the user choose. `done(ids)` gets the choice, or null for the usual columns. */
export function pick(experiment, runs, now, done) {
  const ids = [...Object.keys(FIXED), ...available(runs)];
  const all = [...ids, ...now.filter((id) => !ids.includes(id))];
  const on = new Set(now);
  const groups = [['Run', (id) => id in FIXED], ['Metrics', (id) => id.startsWith('metrics.') && !isSystem(id.slice(8))], ['Params', (id) => id.startsWith('params.')],
    ['Tags', (id) => id.startsWith('tags.')], ['System', (id) => isSystem(id.slice(8))]];
  const boxes = [];
  const list = h('div', { class: 'pick-list' }, groups.map(([name, holds]) => {
    const mine = all.filter((id) => !(id in FIXED) === (name !== 'Run') && holds(id));
    return mine.length && h('fieldset', {}, h('legend', {}, name), mine.map((id) => {
      const label = FIXED[id]?.label ?? id.slice(id.indexOf('.') + 1);
      const box = h('input', { type: 'checkbox', checked: on.has(id), on: { change: () => (box.checked ? on.add(id) : on.delete(id)) } });
      const line = h('label', { title: id }, box, h('span', {}, label));
      boxes.push({ id, box, line, label: label.toLowerCase() });
      return line;
    }));
  }));
  const set = (want) => boxes.forEach(({ id, box }) => {
    box.checked = want(id);
    if (box.checked) on.add(id);
    else on.delete(id);
  });
  const find = h('input', { type: 'search', placeholder: 'Find a column', 'aria-label': 'Find a column', on: {
    input: () => boxes.forEach(({ label, line }) => { line.hidden = !label.includes(find.value.toLowerCase()); }) } });
  const end = (choice) => {
    keep(`columns.${experiment}`, choice);
    dialog.close();
    done(choice);
  };
  const dialog = h('dialog', { class: 'wide', 'aria-label': 'Columns', on: { close: () => dialog.remove() } },
    h('h2', {}, 'Columns'),
    h('div', { class: 'row' }, find, button('Only params that differ', () => {
      const differ = new Set(differing(runs));
      set((id) => (id.startsWith('params.') ? differ.has(id) : on.has(id)));
    }, { kind: 'small' }), button('None', () => set(() => false), { kind: 'small' })),
    list,
    h('div', { class: 'actions' }, button('Usual columns', () => end(null)), h('span', { class: 'grow' }), button('Cancel', () => dialog.close()),
      button('Show', () => end(all.filter((id) => on.has(id))), { kind: 'primary' })));
  show(dialog);
}
