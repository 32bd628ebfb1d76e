// Parts that every view uses: dialogs, notices, menus, chips, empty states.

import { h, add, fill, button, icon } from './dom.js';
import { ago, exact } from './format.js';

/** A dialog with a form. `fields`: `{name, label, value, hint, area, options}`. `run` gets the values; its error is shown. */
export function ask(title, fields, verb, run, { danger = false, lead } = {}) {
  const error = h('p', { class: 'error', role: 'alert', hidden: true });
  const inputs = fields.map((field) => {
    const common = { name: field.name, value: field.value ?? '', required: field.required, placeholder: field.placeholder };
    if (field.options) {
      return h('select', { name: field.name }, field.options.map((o) => h('option', { value: o, selected: o === field.value }, o)));
    }
    return field.area ? h('textarea', { rows: 8, ...common }) : h('input', { autocomplete: 'off', list: field.list, ...common });
  });
  const submit = h('button', { class: `btn ${danger ? 'danger' : 'primary'}` }, verb);
  const form = h('form', { method: 'dialog' },
    h('h2', {}, title), lead && h('p', { class: 'muted' }, lead),
    fields.map((field, i) => h('label', { class: 'field' }, h('span', {}, field.label), inputs[i],
      field.hint && h('small', {}, field.hint))),
    error,
    h('div', { class: 'actions' }, button('Cancel', () => dialog.close()), submit));
  const dialog = h('dialog', { 'aria-label': title, on: { close: () => dialog.remove() } }, form);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      await run(Object.fromEntries(fields.map((field, i) => [field.name, inputs[i].value])));
      dialog.close();
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
    submit.disabled = false;
  });
  show(dialog);
  inputs[0]?.select?.();
}

/** Opens a dialog; a click beside it closes it. */
export function show(dialog) {
  dialog.addEventListener('mousedown', (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

/** Says that something was done, for a while. */
export function toast(text, bad = false) {
  const el = h('div', { class: bad ? 'toast bad' : 'toast' }, text);
  document.getElementById('toasts').append(el);
  setTimeout(() => el.remove(), bad ? 8000 : 3500);
}

/** Runs `work` and shows its error. */
export async function attempt(work) {
  try {
    await work();
  } catch (error) {
    if (error.name !== 'AbortError') toast(error.message, true);
  }
}

/** A menu of `[label, run, danger]`. */
export function menu(title, items) {
  const box = h('details', { class: 'menu' },
    h('summary', { class: 'btn bare', title, 'aria-label': title }, icon('menu')),
    h('div', { class: 'pop' }, items.filter(Boolean).map(([label, run, danger]) => h('button', {
      type: 'button', class: danger ? 'danger' : '', on: { click: () => { box.open = false; run(); } } }, label))));
  // The list stands above everything, also above boxes that cut off what does not fit into them.
  box.addEventListener('toggle', () => {
    if (!box.open) return;
    const at = box.getBoundingClientRect();
    const pop = box.lastChild;
    pop.style.top = `${Math.min(at.bottom + 4, innerHeight - pop.offsetHeight - 8)}px`;
    pop.style.left = `${Math.max(8, Math.min(at.left, innerWidth - pop.offsetWidth - 8))}px`;
  });
  box.addEventListener('focusout', (event) => !box.contains(event.relatedTarget) && setTimeout(() => { box.open = false; }, 150));
  box.addEventListener('keydown', (event) => event.key === 'Escape' && (box.open = false));
  return box;
}

/** Nothing here yet, and what to do about it. */
export function empty(title, text, ...more) {
  return h('div', { class: 'empty' }, h('div', { class: 'empty-mark', 'aria-hidden': 'true' }), h('h3', {}, title), text && h('p', {}, text), more);
}

/** Lines that stand where text will. */
export function loading(lines = 5) {
  return h('div', { class: 'skeleton', 'aria-label': 'Loading' }, Array.from({ length: lines }, () => h('span')));
}

const TITLES = { 0: 'Away', 400: 'Refused', 401: 'Sign in', 403: 'Not allowed', 404: 'Not found' };

/** An error in the place of what could not be shown. */
export function problem(error, again) {
  return h('div', { class: 'problem', role: 'alert' }, h('strong', {}, TITLES[error.status] ?? 'Not shown'), h('p', {}, error.message),
    again && button('Try again', again));
}

/** A time as people say it, with the exact one on hover. */
export function when(ms) {
  return ms ? h('time', { datetime: new Date(Number(ms)).toISOString(), title: exact(Number(ms)) }, ago(Number(ms))) : '';
}

const STATES = { RUNNING: 'running', FINISHED: 'ok', FAILED: 'bad', KILLED: 'warn', SCHEDULED: 'idle', READY: 'ok', OK: 'ok', ERROR: 'bad' };

/** A dot and the word for a status. */
export function status(state, wordless = false) {
  const word = state.charAt(0) + state.slice(1).toLowerCase().replaceAll('_', ' ');
  return h('span', { class: `status ${STATES[state] ?? 'idle'}`, title: word }, h('i', { 'aria-hidden': 'true' }),
    h('span', { class: wordless ? 'sr' : '' }, word));
}

/** Tabs that are links; `now` is the open one. */
export function tabs(items, now) {
  return h('nav', { class: 'tabs', 'aria-label': 'Sections' }, items.map(([id, label, href, n]) =>
    h('a', { href, 'aria-current': id === now ? 'page' : undefined }, label, n !== undefined && h('span', { class: 'n' }, n))));
}

/** Puts text on the clipboard. Browsers keep theirs from pages that came over plain HTTP from elsewhere; there the text is shown to be copied. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast('Copied');
  } catch {
    ask('Copy', [{ name: 'text', label: 'The browser lets this page copy nothing by itself', value: text }], 'Done', async () => {});
  }
}

/** A button that copies text. */
export function copy(text) {
  return button('', () => copyText(text), { kind: 'bare small', glyph: 'copy', title: 'Copy' });
}

/** A definition list of `[name, value]`. */
export function facts(rows) {
  return h('dl', { class: 'facts' }, rows.filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false)
    .map(([name, value]) => [h('dt', {}, name), add(h('dd'), value)]));
}

/** A card with a heading. */
export function card(title, body, ...tools) {
  return h('section', { class: 'card' }, h('header', {}, h('h2', {}, title), h('div', { class: 'tools' }, tools)), body);
}

/** Tags as chips that can be set and removed. `set(key, value)` and `drop(key)` tell the server. */
export function tagEditor(tags, { set, drop }) {
  const box = h('div', { class: 'chips' });
  const draw = () => fill(box,
    Object.keys(tags).filter((key) => !/^(mlflow|ironbook)\./.test(key)).sort().map((key) => h('span', { class: 'chip', title: `${key}: ${tags[key]}` },
      h('b', {}, key), tags[key] && ` ${tags[key]}`,
      button('', () => attempt(async () => { await drop(key); delete tags[key]; draw(); }), { kind: 'bare tiny', glyph: 'x', title: `Remove tag ${key}` }))),
    button('Add tag', () => ask('Set a tag', [{ name: 'key', label: 'Name', required: true }, { name: 'value', label: 'Value' }], 'Set', async ({ key, value }) => {
      await set(key, value);
      tags[key] = value;
      draw();
    }), { kind: 'small bare', glyph: 'plus' }));
  draw();
  return box;
}
