// Opens the view that the address names, and says so when the server is away.

import { h, fill, button } from './dom.js';
import { kept, keep } from './keep.js';
import { place, to } from './router.js';
import { problem } from './ui.js';
import { help, listen } from './keys.js';
import { experimentView } from './experiments.js';

/** View by first part of the address. All but the first page are loaded when they are opened. */
const VIEWS = {
  experiments: async () => experimentView,
  runs: async () => (await import('./run.js')).runView,
  compare: async () => (await import('./compare.js')).compareView,
  models: async () => (await import('./models.js')).modelsView,
  logged: async () => (await import('./logged.js')).loggedView,
  traces: async () => (await import('./traces.js')).traceView,
};

const top = document.getElementById('top');
const main = document.getElementById('main');
const banner = document.getElementById('banner');
let leaving = new AbortController();
let shown = '';

async function open() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { parts, query } = place();
  const name = parts[0] ?? 'experiments';
  for (const link of top.querySelectorAll('nav a')) {
    const here = link.dataset.view === (name === 'models' ? 'models' : 'experiments');
    if (here) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.querySelectorAll('dialog[open]').forEach((dialog) => dialog.close());
  if (!VIEWS[name]) return fill(main, problem({ message: `There is no page “${name}”.` }));
  const same = shown === parts.slice(0, 2).join('/');
  shown = parts.slice(0, 2).join('/');
  try {
    const view = await VIEWS[name]();
    if (signal.aborted) return;
    if (!same) scrollTo(0, 0);
    await view(main, { parts: parts.slice(1), query, signal, again: open });
    if (signal.aborted) return;
    document.documentElement.dataset.ready = name;
    performance.mark('ready');
  } catch (error) {
    if (signal.aborted || error.name === 'AbortError') return;
    if (!(error.status >= 0)) console.error(error);
    fill(main, problem(error, open));
  }
}

function theme() {
  const next = { auto: 'dark', dark: 'light', light: 'auto' };
  const now = kept('theme', 'auto');
  document.documentElement.dataset.theme = now;
  const label = `Theme: ${now}`;
  return button('', () => {
    keep('theme', next[now]);
    document.querySelector('.theme').replaceWith(theme());
    dispatchEvent(new Event('theme'));
  }, { kind: `bare theme ${now}`, title: label });
}

fill(top,
  h('a', { class: 'brand', href: '#/experiments' }, h('img', { src: 'icon.svg', alt: '', width: '24', height: '24' }), h('span', {}, 'Ironbook')),
  h('nav', { 'aria-label': 'Pages' },
    h('a', { href: to('experiments'), data: { view: 'experiments' } }, 'Experiments'),
    h('a', { href: to('models'), data: { view: 'models' } }, 'Models')),
  h('span', { class: 'grow' }), theme(),
  button('?', help, { kind: 'bare keyhint', title: 'Keyboard shortcuts' }));

addEventListener('hashchange', open);
addEventListener('server-away', () => {
  fill(banner, 'The server does not answer. This page goes on by itself when it is back.');
  banner.hidden = false;
});
addEventListener('server-back', () => {
  banner.hidden = true;
  if (main.querySelector('.problem')) open();
});
listen();
open();
