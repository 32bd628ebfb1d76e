// One run: what it was given, what came out, its curves and files. Live while it runs.

import { h, fill, button } from './dom.js';
import { ask as fetchFrom, each, get, poll, post } from './api.js';
import { exact, num, duration } from './format.js';
import { go, note, to } from './router.js';
import { ask, attempt, card, copy, empty, facts, loading, menu, problem, status, tabs, tagEditor, toast, when } from './ui.js';
import { COLOURS, isDirty, isSystem, readRun, took } from './rundata.js';
import { plain } from './table.js';
import { markdown } from './markdown.js';
import { artifacts, ofRun } from './artifacts.js';
import { ChartGrid } from './charts.js';
import { histories } from './series.js';
import { code } from './preview.js';
import { register } from './register.js';

const TABS = { overview, charts, system, artifacts: files, code: source };

/** The view of `#/runs/ID[/TAB]`. */
export async function runView(root, ctx) {
  const { parts: [id, tab = 'overview'], signal } = ctx;
  const read = async () => readRun((await get('runs/get', { run_id: id }, { signal })).run);
  let run = await read();
  const experiment = (await get('experiments/get', { experiment_id: run.experiment }, { signal }).catch(() => ({}))).experiment;
  if (signal.aborted) return;
  document.title = `${run.name} – Ironbook`;
  const head = h('div', {});
  const body = h('div', {});
  const strip = h('div', {});
  const draw = () => {
    fill(head, heading(run, experiment, ctx));
    const keys = Object.keys(run.metrics);
    const systems = keys.filter(isSystem).length;
    fill(strip, tabs([['overview', 'Overview', to(['runs', id])], ['charts', 'Charts', to(['runs', id, 'charts']), keys.length - systems],
      ...(systems || tab === 'system' ? [['system', 'System', to(['runs', id, 'system']), systems]] : []),
      ['artifacts', 'Artifacts', to(['runs', id, 'artifacts'])], ['code', 'Code', to(['runs', id, 'code'])]], tab));
  };
  draw();
  fill(root, h('div', { class: 'page' }, head, strip, body));
  if (!TABS[tab]) return fill(body, problem({ message: `A run has no tab “${tab}”.` }));
  const update = await TABS[tab](body, run, ctx);
  if (run.status !== 'RUNNING') return;
  poll(async () => {
    const before = JSON.stringify(run);
    const now = await read();
    const changed = JSON.stringify(now) !== before;
    run = now;
    if (changed) {
      if (!head.contains(document.activeElement)) draw();
      await update?.(run);
    }
    return run.status === 'RUNNING' ? changed : 'done';
  }, signal, { soon: 1500, late: 15000 });
}

function heading(run, experiment, { again }) {
  const rename = () => ask('Rename run', [{ name: 'name', label: 'Name', value: run.name, required: true }], 'Rename', async ({ name }) => {
    await post('runs/update', { run_id: run.id, run_name: name });
    again();
  });
  return h('header', { class: 'page-head' },
    h('p', { class: 'crumbs' }, h('a', { href: to(['experiments', run.experiment]) }, experiment?.name ?? `Experiment ${run.experiment}`),
      run.parent && [' / ', h('a', { href: to(['runs', run.parent]) }, 'parent run')]),
    h('div', { class: 'title' }, h('h1', {}, run.name), status(run.status), run.deleted && h('span', { class: 'badge bad' }, 'Deleted'),
      menu('What to do with this run', [['Rename', rename],
        run.deleted ? ['Restore', () => attempt(async () => { await post('runs/restore', { run_id: run.id }); again(); })]
          : ['Delete', () => ask(`Delete “${run.name}”?`, [], 'Delete', async () => {
            await post('runs/delete', { run_id: run.id });
            toast('Deleted. It can be restored from the view “Deleted” of its experiment.');
            go(['experiments', run.experiment]);
          }, { danger: true }), true]]),
      h('span', { class: 'grow' }), button('Register model', () => attempt(() => registerFrom(run)))));
}

async function registerFrom(run) {
  const made = run.modelsOut.at(-1);
  if (made) return register({ source: `models:/${made.model_id}`, run_id: run.id, model_id: made.model_id });
  const top = await ofRun(run.id).list(undefined, {});
  const folders = top.filter((f) => f.is_dir).map((f) => f.path);
  const paths = [...folders.filter((p) => /model/i.test(p)), ...folders.filter((p) => !/model/i.test(p)), ...top.filter((f) => !f.is_dir).map((f) => f.path)];
  if (!paths.length) return toast('The run has no artifact that could be a model. Log one first.', true);
  return register({ source: run.artifacts, run_id: run.id, paths });
}

async function overview(root, run, { signal }) {
  const [metrics, params, about, notes] = [h('div', {}), h('div', {}), h('div', {}), h('div', {})];
  const ranges = new Map();
  drawNotes(notes, run);
  const wrong = run.tags['ironbook.fit.error'];
  fill(root, wrong && h('div', { class: 'problem failed' }, h('strong', {}, 'The fit failed'), h('p', {}, wrong)), h('div', { class: 'columns' }, h('div', {}, notes, metrics, params), h('div', {}, about)));
  const draw = (now) => {
    run = now;
    drawMetrics(metrics, run, ranges);
    drawParams(params, run);
  };
  draw(run);
  drawAbout(about, run, signal);
  const measure = async () => {
    const stale = Object.keys(run.metrics).filter((key) => !isSystem(key) && ranges.get(key)?.at !== markOf(run, key)).slice(0, 60);
    await each(stale, 4, async (key) => {
      const at = markOf(run, key);
      const one = (await histories([run.id], key, { max: 2000, signal })).get(run.id);
      const values = one.values.filter((v) => !Number.isNaN(v));
      ranges.set(key, { at, whole: one.whole, low: values.reduce((a, b) => Math.min(a, b), Infinity), high: values.reduce((a, b) => Math.max(a, b), -Infinity) });
    });
    if (stale.length && !signal.aborted) drawMetrics(metrics, run, ranges);
  };
  measure().catch(() => {});
  return async (now) => {
    draw(now);
    await measure();
  };
}

const markOf = (run, key) => `${run.metrics[key].step}:${run.metrics[key].time}`;

function drawMetrics(root, run, ranges) {
  const keys = Object.keys(run.metrics).filter((key) => !isSystem(key)).sort();
  const range = (key, end) => {
    const one = ranges.get(key);
    if (!one || !Number.isFinite(one.low)) return '';
    return one.whole ? num(one[end]) : h('span', { class: 'approx', title: 'among the points that the server picked from a long history' }, `≈ ${num(one[end])}`);
  };
  fill(root, card('Metrics', keys.length ? plain('Metrics', [
    ['Name', (key) => h('a', { href: to(['runs', run.id, 'charts'], { find: key }) }, key)],
    ['Latest', (key) => h('span', { title: String(run.metrics[key].value) }, num(run.metrics[key].value)), true],
    ['Min', (key) => range(key, 'low'), true], ['Max', (key) => range(key, 'high'), true], ['Step', (key) => run.metrics[key].step, true]], keys)
    : empty('No metric yet', 'Metrics are listed here as they are logged.')));
}

function drawParams(root, run) {
  const keys = Object.keys(run.params).sort();
  const kept = root.querySelector('input')?.value ?? '';
  const box = h('div', {});
  const find = h('input', { type: 'search', value: kept, placeholder: 'Find a param', 'aria-label': 'Find a param', on: { input: () => list() } });
  const list = () => {
    const hits = keys.filter((key) => `${key} ${run.params[key]}`.toLowerCase().includes(find.value.toLowerCase()));
    fill(box, plain('Params', [['Name', (key) => key], ['Value', (key) => h('code', {}, run.params[key])]], hits));
  };
  if (keys.length) list();
  fill(root, card('Params', keys.length ? box : empty('No param', 'What a run was told to do is listed here.'), keys.length > 8 && find));
  if (keys.length) box.className = 'plain-box';
}

function drawNotes(root, run) {
  const text = run.tags['mlflow.note.content'] ?? '';
  const edit = () => ask('Notes', [{ name: 'text', label: 'Text, Markdown if you like', value: text, area: true }], 'Save', async (form) => {
    await post('runs/set-tag', { run_id: run.id, key: 'mlflow.note.content', value: form.text });
    run.tags['mlflow.note.content'] = form.text;
    drawNotes(root, run);
  });
  fill(root, text ? card('Notes', markdown(text), button('Edit', edit, { kind: 'small', glyph: 'edit' }))
    : h('p', { class: 'add-note' }, button('Add notes', edit, { kind: 'small bare', glyph: 'edit' })));
}

// What Ironbook says of a run by itself.
const OWN = { 'ironbook.seed': 'Seed', 'ironbook.device': 'Device', 'ironbook.host': 'Machine', 'ironbook.cwd': 'Folder', 'ironbook.rustc': 'Compiler', 'ironbook.version': 'Ironbook', 'ironbook.cargo_lock.blake3': 'Cargo.lock' };

async function drawAbout(root, run, signal) {
  const { tags } = run;
  const commit = tags['mlflow.source.git.commit'];
  const repo = tags['mlflow.source.git.repoURL'];
  const link = commit && /^https:\/\/[\w.-]+\/[\w./-]+$/.test(repo ?? '') ? `${repo.replace(/\.git$/, '')}/commit/${commit}` : null;
  const short = commit && h('code', { title: commit }, commit.slice(0, 10));
  const related = h('div', {});
  fill(root,
    card('About', facts([
      ['Started', when(run.start)], ['Ended', run.end ? h('span', { title: exact(run.end) }, when(run.end)) : ''], ['Duration', duration(took(run))],
      ['User', run.user], ['Source', tags['mlflow.source.name']],
      ['Commit', commit && [link ? h('a', { href: link, rel: 'noopener noreferrer', target: '_blank' }, short) : short, copy(commit), isDirty(run) && h('span', { class: 'badge', title: 'There were changes that were not committed' }, 'modified')]],
      ['Branch', tags['mlflow.source.git.branch']],
      ...Object.entries(OWN).map(([key, label]) => [label, tags[key] && h('span', { class: 'clip', title: tags[key] }, tags[key])]), ['Run id', [h('code', {}, `${run.id.slice(0, 12)}…`), copy(run.id)]],
      ['Artifacts', run.artifacts && [h('code', { title: run.artifacts }, run.artifacts.length > 30 ? `${run.artifacts.slice(0, 30)}…` : run.artifacts), copy(run.artifacts)]]])),
    card('Tags', tagEditor(tags, { set: (key, value) => post('runs/set-tag', { run_id: run.id, key, value }), drop: (key) => post('runs/delete-tag', { run_id: run.id, key }) })),
    run.datasets.length > 0 && card('Datasets', h('div', { class: 'datasets' }, run.datasets.map(dataset))),
    related);
  const [children, versions] = await Promise.all([
    post('runs/search', { experiment_ids: [run.experiment], filter: `tags.\`mlflow.parentRunId\` = '${run.id}'`, max_results: 50 }, { signal }).catch(() => ({})),
    get('model-versions/search', { filter: `run_id = '${run.id}'`, max_results: 50 }, { signal }).catch(() => ({})),
  ]);
  const models = [...run.modelsIn.map((m) => h('li', {}, h('a', { href: to(['logged', m.model_id]) }, 'Model used'))),
    ...run.modelsOut.map((m) => h('li', {}, h('a', { href: to(['logged', m.model_id]) }, 'Logged model'), m.step ? h('span', { class: 'muted' }, ` at step ${m.step}`) : '')),
    ...(versions.model_versions ?? []).map((v) => h('li', {}, h('a', { href: to(['models', v.name]) }, v.name), h('span', { class: 'muted' }, ` version ${v.version}`)))];
  const below = (children.runs ?? []).map(readRun);
  fill(related, models.length > 0 && card('Models', h('ul', { class: 'links' }, models)),
    below.length > 0 && card('Child runs', h('ul', { class: 'links' }, below.map((child) => h('li', {}, status(child.status, true), ' ', h('a', { href: to(['runs', child.id]) }, child.name)))),
      below.length > 1 && h('a', { class: 'btn small', href: to('compare', { runs: below.slice(0, 20).map((child) => child.id).join(',') }) }, 'Compare')));
}

function dataset({ dataset: d, tags = [] }) {
  const context = tags.find((t) => t.key === 'mlflow.data.context')?.value;
  const parse = (text) => { try { return JSON.parse(text); } catch { return null; } };
  const profile = parse(d.profile);
  const schema = parse(d.schema);
  const fields = Array.isArray(schema?.mlflow_colspec) ? schema.mlflow_colspec : [];
  const from = parse(d.source);
  return h('details', {}, h('summary', {}, h('b', {}, d.name), ' ', h('code', { class: 'muted' }, d.digest), context && [' ', h('span', { class: 'badge' }, context)]),
    facts([['Source', String(from?.uri ?? from?.url ?? d.source ?? '')], ['Kind', d.source_type],
      ['Rows', Number.isFinite(profile?.num_rows) ? profile.num_rows.toLocaleString('en') : ''], ['Columns', fields.length ? fields.map((f) => `${f.name ?? '?'}: ${typeof f.type === 'string' ? f.type : '?'}`).join(', ') : '']]));
}

async function charts(root, run, { signal, query }, machine = false) {
  const grid = new ChartGrid({ signal, wanted: (key) => isSystem(key) === machine });
  const set = (now) => grid.set([{ ...now, colour: COLOURS[0] }]);
  grid.find.value = query.get('find') ?? '';
  set(run);
  fill(root, grid.el);
  return set;
}

function system(root, run, ctx) {
  return charts(root, run, ctx, true);
}

async function files(root, run, { signal, query }) {
  const box = h('div', { class: 'artifacts' });
  fill(root, h('section', { class: 'card' }, box));
  await artifacts(box, ofRun(run.id), { signal, open: query.get('path') ?? undefined, choose: (path) => note(['runs', run.id, 'artifacts'], { path }),
    act: (path) => button('Register as model', () => register({ source: run.artifacts, run_id: run.id, paths: [path] }), { kind: 'small' }) });
}

/** The cells that ran, where they were logged, and what the commit does not have. */
async function source(root, run, { signal }) {
  fill(root, loading());
  const { list, address } = ofRun(run.id);
  const shown = [];
  for (const key of Object.keys(run.tags).sort()) {
    if (/^(ironbook|mlflow)\.(cell|source\.code|source\.git\.diff)/.test(key)) shown.push(card(key, code(run.tags[key])));
  }
  const found = await list('cells', { signal }).catch(() => []);
  const cells = found.filter((f) => !f.is_dir && Number(f.file_size ?? 0) < 500_000).sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true })).slice(0, 200);
  const texts = new Map();
  await each(cells, 4, async (f) => texts.set(f.path, await (await fetchFrom(address(f.path), { signal })).text()));
  if (signal.aborted) return;
  fill(root, cells.map((f) => card(f.path.split('/').pop(), code(texts.get(f.path)), copy(texts.get(f.path)))), shown,
    !cells.length && !shown.length && empty('No source logged', 'Runs that are started in a notebook keep the source of their cells.'));
}
