// The list of experiments, and one experiment with its tabs.

import { h, fill, button, icon } from './dom.js';
import { all, get, poll, post } from './api.js';
import { map } from './format.js';
import { keep, kept } from './keep.js';
import { go, to } from './router.js';
import { ask, attempt, copyText, empty, menu, problem, tabs, toast } from './ui.js';
import { runsTab } from './runs.js';

const TABS = {
  runs: async () => runsTab,
  charts: async () => (await import('./overview.js')).chartsTab,
  models: async () => (await import('./logged.js')).loggedTab,
  traces: async () => (await import('./traces.js')).tracesTab,
};

/** All experiments, newest first. */
export function experiments(deleted, signal) {
  const page = (token) => post('experiments/search', {
    max_results: 1000, page_token: token, view_type: deleted ? 'DELETED_ONLY' : 'ACTIVE_ONLY', order_by: ['last_update_time DESC'] }, { signal });
  return all(page, 'experiments');
}

/** The view of `#/experiments[/ID[/TAB]]`. */
export async function experimentView(root, ctx) {
  const { parts: [id, tab = 'runs'], signal } = ctx;
  if (!id) {
    const list = await experiments(false, signal);
    if (signal.aborted) return;
    const last = kept('experiment', '');
    const first = list.find((e) => e.experiment_id === last) ?? list[0];
    if (first) return location.replace(to(['experiments', first.experiment_id]));
    const { box, draw } = sidebar(ctx, '');
    draw(list);
    return fill(root, h('div', { class: 'split' }, box, h('section', { class: 'content' },
      empty('No experiment yet', 'An experiment holds the runs of one question. It is made by the first run that is logged, or here.',
        button('New experiment', create, { kind: 'primary', glyph: 'plus' })))));
  }
  // The list beside it is not waited for.
  const { box, draw } = sidebar(ctx, id);
  const known = experiments(false, signal).then(draw, () => {});
  const head = h('div', { class: 'head-place' });
  const body = h('div', { class: 'tab-body' });
  const content = h('section', { class: 'content' }, head, tabs([
    ['runs', 'Runs', to(['experiments', id])], ['charts', 'Charts', to(['experiments', id, 'charts'])],
    ['models', 'Models', to(['experiments', id, 'models'])], ['traces', 'Traces', to(['experiments', id, 'traces'])]], tab), body);
  fill(root, h('div', { class: 'split' }, box, content));
  if (!TABS[tab]) return fill(body, problem({ message: `An experiment has no tab “${tab}”.` }));
  const told = get('experiments/get', { experiment_id: id }, { signal }).then(({ experiment }) => {
    if (signal.aborted) return;
    keep('experiment', id);
    document.title = `${experiment.name} – Ironbook`;
    fill(head, heading(experiment, ctx));
  });
  // The tab asks at the same time, so that the page waits for one answer and not for two.
  await Promise.all([told, TABS[tab]().then((show) => show(body, { ...ctx, id })), known]);
}

function heading(experiment, { again }) {
  const tags = map(experiment.tags);
  const id = experiment.experiment_id;
  const note = tags['mlflow.note.content'];
  const gone = experiment.lifecycle_stage === 'deleted';
  return h('header', { class: 'page-head' },
    h('div', { class: 'title' }, h('h1', {}, experiment.name), gone && h('span', { class: 'badge bad' }, 'Deleted'), menu('What to do with this experiment', [
      ['Rename', () => ask('Rename experiment', [{ name: 'name', label: 'Name', value: experiment.name, required: true }], 'Rename', async ({ name }) => {
        await post('experiments/update', { experiment_id: id, new_name: name });
        again();
      })],
      ['Describe', () => ask('Describe experiment', [{ name: 'text', label: 'Description', value: note, area: true }], 'Save', async ({ text }) => {
        await post('experiments/set-experiment-tag', { experiment_id: id, key: 'mlflow.note.content', value: text });
        again();
      })],
      ['Copy id', () => copyText(id)],
      gone ? ['Restore', () => attempt(async () => { await post('experiments/restore', { experiment_id: id }); again(); })]
        : ['Delete', () => ask(`Delete “${experiment.name}”?`, [], 'Delete', async () => {
          await post('experiments/delete', { experiment_id: id });
          keep('experiment', '');
          toast('Deleted. It can be restored from “Deleted” below the list.');
          go('experiments');
        }, { danger: true, lead: 'Its runs are deleted with it. Both can be restored.' }), true],
    ])),
    note && h('p', { class: 'note' }, note));
}

function create() {
  ask('New experiment', [{ name: 'name', label: 'Name', required: true, placeholder: 'flights/delays' }], 'Create', async ({ name }) => {
    const { experiment_id } = await post('experiments/create', { name });
    go(['experiments', experiment_id]);
  });
}

function sidebar({ signal, again }, id) {
  const list = h('ul', { class: 'exp-list' });
  let known = [];
  let deleted = false;
  const find = h('input', { type: 'search', placeholder: 'Find an experiment', 'aria-label': 'Find an experiment', on: { input: () => show() } });
  const show = () => {
    const words = find.value.toLowerCase();
    const hits = known.filter((e) => e.name.toLowerCase().includes(words));
    fill(list, hits.slice(0, 500).map((e) => h('li', {}, h('a', { href: to(['experiments', e.experiment_id]), title: e.name,
      'aria-current': e.experiment_id === id ? 'page' : undefined }, h('span', {}, e.name)),
    deleted && button('Restore', () => attempt(async () => {
      await post('experiments/restore', { experiment_id: e.experiment_id });
      go(['experiments', e.experiment_id]);
      again();
    }), { kind: 'small' }))),
    !hits.length && h('li', { class: 'muted none' }, deleted ? 'None is deleted.' : 'None found.'),
    hits.length > 500 && h('li', { class: 'muted none' }, `${hits.length - 500} more: search for them.`));
  };
  const toggle = h('button', { type: 'button', class: 'btn bare small', 'aria-pressed': 'false', on: { click: () => attempt(async () => {
    deleted = !deleted;
    toggle.setAttribute('aria-pressed', String(deleted));
    draw(await experiments(deleted, signal));
  }) } }, icon('trash'), 'Deleted');
  let seen = false;
  const draw = (all) => {
    known = all;
    show();
    const now = list.querySelector('[aria-current]');
    if (now && !seen) list.scrollTop = now.offsetTop - list.offsetTop - list.clientHeight / 2;
    seen = true;
  };
  poll(async () => {
    const now = deleted ? known : await experiments(false, signal);
    const changed = JSON.stringify(now.map((e) => [e.experiment_id, e.name])) !== JSON.stringify(known.map((e) => [e.experiment_id, e.name]));
    if (changed && !deleted) draw(now);
    return changed;
  }, signal, { soon: 10000, late: 60000 });
  const fold = h('details', { class: 'side-fold', open: matchMedia('(min-width: 821px)').matches }, h('summary', {}, 'Experiments'),
    h('div', { class: 'side-body' },
      h('div', { class: 'side-tools' }, find, button('', create, { kind: 'small', glyph: 'plus', title: 'New experiment' })),
      list, h('footer', {}, toggle)));
  return { box: h('aside', { class: 'side', 'aria-label': 'Experiments' }, fold), draw };
}
