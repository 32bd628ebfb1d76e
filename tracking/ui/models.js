// The registry: models, their versions, aliases and stages.

import { h, add, fill, button } from './dom.js';
import { all, del, get, patch, post } from './api.js';
import { map } from './format.js';
import { go, to } from './router.js';
import { ask, attempt, card, copy, empty, facts, menu, status, tagEditor, toast, when } from './ui.js';
import { plain } from './table.js';
import { markdown } from './markdown.js';
import { findModels } from './register.js';

const STAGES = ['None', 'Staging', 'Production', 'Archived'];

/** The view of `#/models[/NAME]`. */
export function modelsView(root, ctx) {
  return ctx.parts[0] ? model(root, ctx) : list(root, ctx);
}

function create() {
  ask('New model', [{ name: 'name', label: 'Name', required: true, placeholder: 'flights-late' }, { name: 'description', label: 'Description', area: true }], 'Create', async (form) => {
    await post('registered-models/create', form);
    go(['models', form.name]);
  });
}

async function list(root, { signal, query }) {
  document.title = 'Models – Ironbook';
  const body = h('div', {});
  let turn = 0;
  const find = h('input', { type: 'search', value: query.get('name') ?? '', placeholder: 'Find a model', 'aria-label': 'Find a model', 'data-filter': true });
  const load = async () => {
    const mine = ++turn;
    // The grammar has no escape for quotes; the wildcard of LIKE stands in.
    const filter = find.value ? `name ILIKE '%${find.value.replaceAll("'", '_')}%'` : '';
    const models = await all((page_token) => findModels({ signal }, { filter, page_token, order_by: ['last_updated_timestamp DESC'] }), 'registered_models', 2000);
    if (mine !== turn || signal.aborted) return;
    fill(body, models.length ? h('section', { class: 'card' }, plain('Registered models', [
      ['Name', (m) => h('a', { href: to(['models', m.name]) }, h('b', {}, m.name))],
      ['Latest version', (m) => latest(m)],
      ['Aliases', (m) => h('span', { class: 'chips' }, (m.aliases ?? []).map((a) => h('span', { class: 'badge alias', title: `version ${a.version}` }, `${a.alias} → v${a.version}`)))],
      ['Description', (m) => h('span', { class: 'clip muted' }, m.description ?? '')],
      ['Changed', (m) => when(m.last_updated_timestamp)]], models))
      : find.value ? empty('No model has that in its name') : empty('No model yet', 'Register one from the page of a run, so that what serves it can ask for it by name and alias.', button('New model', create, { glyph: 'plus' })));
  };
  let wait;
  find.addEventListener('input', () => { clearTimeout(wait); wait = setTimeout(() => attempt(load), 200); });
  fill(root, h('div', { class: 'page' }, h('header', { class: 'page-head title' }, h('h1', {}, 'Models'), h('span', { class: 'grow' }), find, button('New model', create, { glyph: 'plus' })), body));
  await load();
}

function latest(m) {
  const newest = Math.max(0, ...(m.latest_versions ?? []).map((v) => Number(v.version)));
  return newest ? `v${newest}` : h('span', { class: 'muted' }, 'none');
}

async function model(root, ctx) {
  const { parts: [name], signal, again } = ctx;
  const quoted = name.includes("'") ? `"${name}"` : `'${name}'`;
  const [{ registered_model: m }, versions] = await Promise.all([
    get('registered-models/get', { name }, { signal }),
    all((page_token) => get('model-versions/search', { filter: `name=${quoted}`, max_results: 200, page_token }, { signal }), 'model_versions'),
  ]);
  if (signal.aborted) return;
  document.title = `${name} – Ironbook`;
  versions.sort((a, b) => Number(b.version) - Number(a.version));
  const describe = () => ask('Description', [{ name: 'description', label: 'Text, Markdown if you like', value: m.description, area: true }], 'Save', async ({ description }) => {
    await patch('registered-models/update', { name, description });
    again();
  });
  const tags = map(m.tags);
  fill(root, h('div', { class: 'page' },
    h('header', { class: 'page-head' }, h('p', { class: 'crumbs' }, h('a', { href: to('models') }, 'Models')),
      h('div', { class: 'title' }, h('h1', {}, name), menu('What to do with this model', [
        ['Rename', () => ask('Rename model', [{ name: 'new_name', label: 'Name', value: name, required: true }], 'Rename', async ({ new_name }) => {
          await post('registered-models/rename', { name, new_name });
          go(['models', new_name]);
        })],
        ['Delete', () => ask(`Delete “${name}”?`, [], 'Delete', async () => { await del('registered-models/delete', { name }); toast('Deleted'); go('models'); },
          { danger: true, lead: 'All its versions and aliases go with it, for good. The artifacts stay.' }), true]]))),
    h('div', { class: 'columns' },
      h('div', {}, card('Description', m.description ? markdown(m.description) : h('p', { class: 'muted' }, 'What it predicts, from what, and for whom.'), button('Edit', describe, { kind: 'small', glyph: 'edit' })),
        card('Versions', versions.length ? versionTable(m, versions, again) : empty('No version yet', 'Open a run and register its model here.'))),
      h('div', {}, card('About', facts([['Created', when(m.creation_timestamp)], ['Changed', when(m.last_updated_timestamp)], ['Versions', versions.length],
        ['Address', [h('code', {}, `models:/${name}@…`), copy(`models:/${name}`)]]])),
      card('Aliases', (m.aliases ?? []).length ? h('ul', { class: 'links' }, m.aliases.map((a) => h('li', {}, h('span', { class: 'badge alias' }, a.alias), ` version ${a.version}`)))
        : h('p', { class: 'muted' }, 'An alias, such as champion, names the version that is to be used.')),
      card('Tags', tagEditor(tags, { set: (key, value) => post('registered-models/set-tag', { name, key, value }), drop: (key) => del('registered-models/delete-tag', { name, key }) }))))));
}

function versionTable(m, versions, again) {
  const { name } = m;
  const aliases = (version) => (m.aliases ?? []).filter((a) => String(a.version) === String(version));
  const move = (version, alias) => post('registered-models/alias', { name, alias, version });
  const cell = (v) => add(h('span', { class: 'chips' }), [aliases(v.version).map((a) => h('span', { class: 'badge alias' }, a.alias,
    button('', () => attempt(async () => { await del('registered-models/alias', { name, alias: a.alias }); again(); }), { kind: 'bare tiny', glyph: 'x', title: `Remove alias ${a.alias}` }))),
  button('', () => ask(`Alias for version ${v.version}`, [{ name: 'alias', label: 'Alias', required: true, placeholder: 'champion', hint: 'An alias names one version; it moves here if another has it.' }], 'Set',
    async ({ alias }) => { await move(v.version, alias); again(); }), { kind: 'bare tiny', glyph: 'plus', title: `Add an alias to version ${v.version}` })]);
  const stage = (v) => h('select', { 'aria-label': `Stage of version ${v.version}`, on: { change: (e) => attempt(async () => {
    await post('model-versions/transition-stage', { name, version: v.version, stage: e.target.value, archive_existing_versions: false });
    toast(`Version ${v.version} is in ${e.target.value} now.`);
  }) } }, STAGES.map((s) => h('option', { value: s, selected: s === (v.current_stage || 'None') }, s)));
  const more = (v) => menu(`What to do with version ${v.version}`, [
    ['Describe', () => ask(`Version ${v.version}`, [{ name: 'description', label: 'Description', value: v.description, area: true }], 'Save', async ({ description }) => {
      await patch('model-versions/update', { name, version: v.version, description });
      again();
    })],
    ['Set tag', () => ask(`Tag version ${v.version}`, [{ name: 'key', label: 'Name', required: true }, { name: 'value', label: 'Value' }], 'Set', async ({ key, value }) => {
      await post('model-versions/set-tag', { name, version: v.version, key, value });
      again();
    })],
    ...(v.tags ?? []).map((t) => [`Remove tag ${t.key}`, () => attempt(async () => { await del('model-versions/delete-tag', { name, version: v.version, key: t.key }); again(); })]),
    ['Delete', () => ask(`Delete version ${v.version}?`, [], 'Delete', async () => { await del('model-versions/delete', { name, version: v.version }); again(); }, { danger: true }), true]]);
  return plain('Versions', [
    ['Version', (v) => h('b', {}, `v${v.version}`)], ['Aliases', cell], ['Stage', stage],
    ['Description', (v) => [h('span', { class: 'clip' }, v.description ?? ''), add(h('span', { class: 'chips' }), (v.tags ?? []).map((t) => h('span', { class: 'badge' }, `${t.key} ${t.value}`)))]],
    ['From', (v) => from(v)], ['Created', (v) => when(v.creation_timestamp)],
    ['', (v) => [v.status && v.status !== 'READY' && status(v.status.replace('_REGISTRATION', '')), more(v)]]], versions);
}

function from(v) {
  const id = v.model_id || /^models:\/(m-\w+)$/.exec(v.source ?? '')?.[1];
  const links = [v.run_id && h('a', { href: to(['runs', v.run_id]), title: v.source }, 'run'), id && h('a', { href: to(['logged', id]), title: v.source }, 'model')].filter(Boolean);
  if (links.length) return h('span', { class: 'chips' }, links);
  return h('code', { class: 'clip', title: v.source }, v.source ?? '');
}
