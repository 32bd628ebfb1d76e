// The runs of an experiment: filters, table, what can be done with the selected ones.

import { h, add, fill, button, icon } from './dom.js';
import { poll, post } from './api.js';
import { count, csv } from './format.js';
import { go, note, to } from './router.js';
import { ask, attempt, empty, loading, problem, status, toast } from './ui.js';
import { chosen, column, pick } from './columns.js';
import { COLOURS, readRun, took, tree } from './rundata.js';
import { Table } from './table.js';

const PAGE = 200;
const SINCE = { '1 h': 3600e3, '24 h': 86400e3, '7 d': 604800e3, '30 d': 2592000e3 };

/** A filter of the server from what the user wrote and clicked. */
export function filterOf({ filter, status: state, name, since }) {
  const parts = [filter?.trim()];
  if (state) parts.push(`attributes.status = '${state}'`);
  if (name) {
    // Text stands between quotes that it does not contain; the grammar has no escape.
    const quote = name.includes("'") ? '"' : "'";
    parts.push(`attributes.run_name ILIKE ${quote}%${name.replaceAll(quote, '_')}%${quote}`);
  }
  if (SINCE[since]) parts.push(`attributes.start_time >= ${Date.now() - SINCE[since]}`);
  return parts.filter(Boolean).join(' AND ');
}

/** The tab of `#/experiments/ID`. */
export async function runsTab(root, { id, query, signal }) {
  const want = Object.fromEntries(['filter', 'status', 'name', 'since', 'sort', 'view'].map((key) => [key, query.get(key) ?? '']));
  const state = { sort: 'attributes.start_time', down: true };
  if (want.sort) Object.assign(state, { sort: want.sort.replace(/ DESC$/, ''), down: want.sort.endsWith(' DESC') });
  const selected = new Map();
  const closed = new Set();
  let runs = [];
  let token;
  let more = null;
  let turn = 0;
  let ids = [];

  const refused = h('p', { class: 'error filter-error', role: 'alert', hidden: true });
  const body = h('div', { class: 'runs-body' }, loading(8));
  const tally = h('span', { class: 'muted tally', role: 'status' });
  const bar = h('div', { class: 'select-bar', role: 'toolbar', 'aria-label': 'Selected runs', hidden: true });
  const table = new Table({ label: 'Runs', state, on: {
    sort: (column) => {
      Object.assign(state, state.sort === column ? { down: !state.down } : { sort: column, down: true });
      remember();
      if (column === 'duration') show();
      else load();
    },
    open: ({ run }) => go(['runs', run.id]),
    near: () => token && !more && next(),
    mark: ({ run }) => (selected.has(run.id) ? 'selected' : ''),
  } });

  const remember = () => {
    const sort = `${state.sort}${state.down ? ' DESC' : ''}`;
    note(['experiments', id], { ...want, sort: sort === 'attributes.start_time DESC' ? '' : sort });
  };
  const search = (page, max = PAGE) => post('runs/search', {
    experiment_ids: [id], filter: filterOf(want), max_results: max, page_token: page,
    run_view_type: want.view === 'deleted' ? 'DELETED_ONLY' : 'ACTIVE_ONLY',
    order_by: state.sort === 'duration' ? ['attributes.start_time DESC'] : [`${state.sort} ${state.down ? 'DESC' : 'ASC'}`] }, { signal });

  async function load() {
    const mine = ++turn;
    table.el.classList.add('stale');
    try {
      const page = await search();
      if (mine !== turn) return;
      refused.hidden = true;
      runs = (page.runs ?? []).map(readRun);
      token = page.next_page_token;
      table.el.scrollTop = 0;
      table.cursor = -1;
      show();
    } catch (error) {
      if (error.name === 'AbortError' || mine !== turn) return;
      // What the server says about a filter stands below the filter; the rows stay.
      if (error.status === 400) {
        refused.textContent = error.message;
        refused.hidden = false;
        if (!table.el.isConnected) fill(body);
      } else if (!table.el.isConnected) fill(body, problem(error, load));
      else toast(error.message, true);
    }
    table.el.classList.remove('stale');
  }

  async function next() {
    const mine = turn;
    more = search(token, 500);
    try {
      const page = await more;
      if (mine === turn) {
        const known = new Set(runs.map((run) => run.id));
        runs = runs.concat((page.runs ?? []).map(readRun).filter((run) => !known.has(run.id)));
        token = page.next_page_token;
      }
    } catch (error) {
      token = undefined;
      if (error.name !== 'AbortError') toast(error.message, true);
    }
    more = null;
    if (mine === turn) show();
  }

  // The newest page again, put before what was loaded of later ones.
  async function look() {
    const mine = turn;
    const page = await search();
    if (mine !== turn) return true;
    const fresh = (page.runs ?? []).map(readRun);
    const known = new Map(runs.map((run) => [run.id, run]));
    const changed = fresh.some((run) => JSON.stringify(run) !== JSON.stringify(known.get(run.id))) || fresh.length < Math.min(PAGE, runs.length);
    if (changed) {
      const ids = new Set(fresh.map((run) => run.id));
      runs = fresh.concat(page.next_page_token ? runs.slice(Math.min(PAGE, runs.length)).filter((run) => !ids.has(run.id)) : []);
      if (!page.next_page_token) token = undefined;
      show();
    } else if (body.contains(table.el)) table.refresh();
    return changed;
  }

  function columns() {
    return [
      { id: 'select', width: 40, pin: 1, head: () => h('input', { type: 'checkbox', 'aria-label': 'Select all loaded runs', checked: runs.length > 0 && selected.size >= runs.length,
        on: { change: (event) => { selected.clear(); if (event.target.checked) runs.forEach((run) => selected.set(run.id, run)); show(); } } }),
      cell: ({ run }) => h('input', { type: 'checkbox', 'aria-label': `Select ${run.name}`, checked: selected.has(run.id), on: { click: (event) => choose(run, event.shiftKey) } }) },
      { id: 'attributes.run_name', label: 'Run', width: 250, pin: 2, sort: 'attributes.run_name', cell: nameCell },
      ...ids.map(column),
    ];
  }

  function nameCell({ run, depth, children, open }) {
    const twist = children > 0 && h('button', { type: 'button', class: `twist ${open ? 'open' : ''}`, 'aria-expanded': String(open), 'aria-label': `${count(children, 'child run')} of ${run.name}`,
      on: { click: () => { if (open) closed.add(run.id); else closed.delete(run.id); show(); } } }, icon('right'));
    const cell = h('span', { class: 'name-cell' }, h('span', { class: 'indent' }), twist, status(run.status, true),
      selected.has(run.id) && swatch(run), h('a', { href: to(['runs', run.id]), title: run.name }, run.name), children > 0 && h('span', { class: 'n' }, children));
    cell.firstChild.style.width = `${depth * 20 + (twist || !depth ? 0 : 4)}px`;
    return cell;
  }

  function swatch(run) {
    const dot = h('i', { class: 'swatch', 'aria-hidden': 'true' });
    dot.style.background = COLOURS[[...selected.keys()].indexOf(run.id) % COLOURS.length];
    return dot;
  }

  let last;
  function choose(run, range) {
    const on = !selected.has(run.id);
    const [from, till] = [table.rows.findIndex((row) => row.id === last), table.rows.findIndex((row) => row.id === run.id)];
    const some = range && from >= 0 ? table.rows.slice(Math.min(from, till), Math.max(from, till) + 1).map((row) => row.run) : [run];
    for (const one of some) {
      if (on) selected.set(one.id, one);
      else selected.delete(one.id);
    }
    last = run.id;
    show();
  }

  function show() {
    if (signal.aborted) return;
    ids = chosen(id, runs);
    let list = runs;
    if (state.sort === 'duration') {
      const sign = state.down ? -1 : 1;
      list = [...runs].sort((a, b) => sign * ((took(a) || 0) - (took(b) || 0)));
    }
    tally.textContent = token ? `${count(runs.length, 'run')} loaded, more below` : count(runs.length, 'run');
    drawBar();
    if (!runs.length) {
      const filtered = filterOf(want) || want.view;
      return fill(body, filtered
        ? empty('No run matches', want.view === 'deleted' ? 'No run of this experiment is deleted.' : 'Take something out of the filter, or look at a longer time.', button('Clear filters', clear))
        : empty('No run yet', 'A run is logged by itself when a cell fits a model, or by hand:', h('pre', { class: 'code' },
          'use ironbook::track;\n\ntrack::start("flights", track::RunOptions::default())?;\ntrack::log_param("depth", 8)?;\ntrack::log_metric("auc", 0.93)?;\ntrack::end(track::Status::Finished)?;')));
    }
    if (!table.el.isConnected) fill(body, table.el);
    table.set(tree(list, closed), columns());
  }

  function drawBar() {
    for (const run of runs) if (selected.has(run.id)) selected.set(run.id, run);
    bar.hidden = !selected.size;
    const chosenRuns = [...selected.keys()];
    const done = (text) => { selected.clear(); show(); toast(text); load(); };
    const everyone = async (path, body = {}) => { for (const run_id of chosenRuns) await post(path, { run_id, ...body }); };
    fill(bar, h('b', {}, `${selected.size} selected`),
      button('Compare', compare, { kind: 'primary small', disabled: selected.size < 2, title: 'Compare the selected runs (c)' }),
      button('Tag', () => ask(`Tag ${count(chosenRuns.length, 'run')}`, [{ name: 'key', label: 'Name', required: true }, { name: 'value', label: 'Value' }], 'Set', async ({ key, value }) => {
        await everyone('runs/set-tag', { key, value });
        done('Tagged');
      }), { kind: 'small', glyph: 'tag' }),
      want.view === 'deleted'
        ? button('Restore', () => attempt(async () => { await everyone('runs/restore'); done('Restored'); }), { kind: 'small' })
        : button('Delete', () => ask(`Delete ${count(chosenRuns.length, 'run')}?`, [], 'Delete', async () => { await everyone('runs/delete'); done('Deleted'); },
          { danger: true, lead: 'Deleted runs can be restored from the view “Deleted”.' }), { kind: 'small', glyph: 'trash' }),
      h('span', { class: 'grow' }), button('Clear', () => { selected.clear(); show(); }, { kind: 'small bare' }));
  }

  function save() {
    const kinds = ids.filter((key) => /^(metrics|params|tags)\./.test(key)).map((key) => [key, key.slice(0, key.indexOf('.')), key.slice(key.indexOf('.') + 1)]);
    csv('runs.csv', [['name', 'run_id', 'status', 'start_time', 'end_time', ...kinds.map(([key]) => key)],
      ...runs.map((run) => [run.name, run.id, run.status, run.start, run.end ?? '', ...kinds.map(([, kind, key]) => (kind === 'metrics' ? run.metrics[key]?.value : run[kind][key]) ?? '')])]);
  }

  function compare() {
    if (selected.size < 2) return toast('Select two runs or more to compare them.');
    go('compare', { runs: [...selected.keys()].slice(0, 20).join(',') });
  }

  const change = (key, value) => { want[key] = value; remember(); load(); };
  const input = h('input', { type: 'search', class: 'code filter', 'data-filter': true, value: want.filter, spellcheck: 'false', autocomplete: 'off',
    placeholder: "metrics.auc > 0.9 AND params.lr = '0.1'", 'aria-label': 'Filter',
    on: { keydown: (event) => event.key === 'Enter' && change('filter', input.value), change: () => input.value !== want.filter && change('filter', input.value),
      search: () => input.value !== want.filter && change('filter', input.value) } });
  let typed;
  const name = h('input', { type: 'search', class: 'by-name', value: want.name, placeholder: 'Name', 'aria-label': 'Name contains',
    on: { input: () => { clearTimeout(typed); typed = setTimeout(() => change('name', name.value), 250); } } });
  const choice = (key, label, options) => h('select', { 'aria-label': label, on: { change: (event) => change(key, event.target.value) } },
    options.map(([value, text]) => h('option', { value, selected: want[key] === value }, text)));
  const tools = h('div', { class: 'toolbar' },
    h('div', { class: 'filter-box' }, icon('search'), input, h('kbd', { 'aria-hidden': 'true' }, '/')), name,
    choice('status', 'Status', [['', 'Any status'], ...['RUNNING', 'FINISHED', 'FAILED', 'KILLED'].map((s) => [s, s.charAt(0) + s.slice(1).toLowerCase()])]),
    choice('since', 'Started', [['', 'Any time'], ...Object.keys(SINCE).map((s) => [s, `Last ${s}`])]),
    choice('view', 'View', [['', 'Active'], ['deleted', 'Deleted']]),
    button('Columns', () => pick(id, runs, ids, () => show()), { title: 'Choose the columns' }),
    button('', save, { glyph: 'down', title: 'Save the loaded runs as CSV' }), h('span', { class: 'grow' }), tally);
  function clear() {
    Object.assign(want, { filter: '', status: '', name: '', since: '', view: '' });
    input.value = name.value = '';
    tools.querySelectorAll('select').forEach((select) => { select.value = ''; });
    remember();
    load();
  }

  fill(root);
  add(root, [tools, refused, bar, body]);
  addEventListener('key-row', ({ detail }) => {
    const row = table.rows[table.cursor];
    if (typeof detail === 'number') table.move(detail);
    else if (row && detail === 'select') choose(row.run);
    else if (row && detail === 'open') go(['runs', row.run.id]);
  }, { signal });
  addEventListener('key-compare', compare, { signal });
  await load();
  poll(look, signal, { soon: 3000, late: 30000 });
}
