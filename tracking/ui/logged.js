// Logged models: what runs made, whether registered or not.

import { h, fill, button } from './dom.js';
import { call, get, patch, post } from './api.js';
import { map, num, toNum } from './format.js';
import { to } from './router.js';
import { card, copy, empty, facts, status, tagEditor, when } from './ui.js';
import { plain } from './table.js';
import { artifacts, ofModel } from './artifacts.js';
import { register } from './register.js';

const state = (info) => status(String(info.status ?? '').replace(/^LOGGED_MODEL_/, '') || 'READY');

/** The tab of `#/experiments/ID/models`. */
export async function loggedTab(root, { id, signal }) {
  const models = [];
  const body = h('div', {});
  let token;
  const next = async () => {
    const page = await post('logged-models/search', { experiment_ids: [id], max_results: 100, page_token: token,
      order_by: [{ field_name: 'creation_timestamp', ascending: false }] }, { signal });
    models.push(...(page.models ?? []));
    token = page.next_page_token;
    draw();
  };
  const draw = () => {
    const keys = [...new Set(models.flatMap((m) => (m.data?.metrics ?? []).map((x) => x.key)))].slice(0, 6);
    fill(body, models.length ? h('section', { class: 'card' }, plain('Logged models', [
      ['Name', ({ info }) => h('a', { href: to(['logged', info.model_id]) }, h('b', {}, info.name))], ['State', ({ info }) => state(info)], ['Kind', ({ info }) => info.model_type ?? ''],
      ['Run', ({ info }) => info.source_run_id && h('a', { href: to(['runs', info.source_run_id]) }, info.source_run_id.slice(0, 8))],
      ...keys.map((key) => [key, ({ data }) => { const m = data?.metrics?.findLast((x) => x.key === key); return m && num(m.value); }, true]),
      ['Created', ({ info }) => when(info.creation_timestamp_ms)]], models), token && h('p', {}, button('More', next)))
      : empty('No logged model', 'A model that a run logs is listed here with its metrics.'));
  };
  await next();
  fill(root, body);
}

/** The view of `#/logged/ID`. */
export async function loggedView(root, { parts: [id], signal }) {
  const { model } = await get(`logged-models/${encodeURIComponent(id)}`, {}, { signal });
  if (signal.aborted) return;
  const { info, data = {} } = model;
  document.title = `${info.name} – Ironbook`;
  const tags = map(info.tags);
  const params = data.params ?? [];
  const metrics = data.metrics ?? [];
  const files = h('div', { class: 'artifacts' });
  const path = `logged-models/${encodeURIComponent(id)}/tags`;
  fill(root, h('div', { class: 'page' },
    h('header', { class: 'page-head' }, h('p', { class: 'crumbs' }, h('a', { href: to(['experiments', info.experiment_id, 'models']) }, 'Logged models')),
      h('div', { class: 'title' }, h('h1', {}, info.name), state(info), h('span', { class: 'grow' }),
        button('Register model', () => register({ source: `models:/${id}`, run_id: info.source_run_id || undefined, model_id: id })))),
    h('div', { class: 'columns' },
      h('div', {}, metrics.length > 0 && card('Metrics', plain('Metrics', [['Name', (m) => m.key], ['Value', (m) => h('span', { title: String(toNum(m.value)) }, num(m.value)), true], ['Step', (m) => m.step ?? 0, true], ['Dataset', (m) => m.dataset_name ?? '']], metrics)),
        params.length > 0 && card('Params', plain('Params', [['Name', (p) => p.key], ['Value', (p) => h('code', {}, p.value)]], params)),
        h('section', { class: 'card' }, files)),
      h('div', {}, card('About', facts([['Created', when(info.creation_timestamp_ms)], ['Kind', info.model_type], ['Run', info.source_run_id && h('a', { href: to(['runs', info.source_run_id]) }, info.source_run_id.slice(0, 12))],
        ['Model id', [h('code', {}, `${id.slice(0, 14)}…`), copy(id)]]])),
      card('Tags', tagEditor(tags, { set: (key, value) => patch(path, { tags: [{ key, value }] }), drop: (key) => call('DELETE', `${path}/${encodeURIComponent(key)}`, {}) })),
      (info.registrations ?? []).length > 0 && card('Registered as', h('ul', { class: 'links' }, info.registrations.map((r) => h('li', {}, h('a', { href: to(['models', r.name]) }, r.name), ` version ${r.version}`))))))));
  await artifacts(files, ofModel(id), { signal });
}
