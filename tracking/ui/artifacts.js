// A tree of artifacts beside a preview. Folders are read when they are opened.

import { h, add, fill, icon } from './dom.js';
import { get, url } from './api.js';
import { bytes } from './format.js';
import { attempt, empty, loading, problem } from './ui.js';
import { kindOf, preview } from './preview.js';

/** Where the files of a run are listed and fetched. */
export const ofRun = (run_id) => ({
  list: async (path, options) => {
    const files = [];
    let page_token;
    do {
      const page = await get('artifacts/list', { run_id, path, page_token }, options);
      files.push(...(page.files ?? []));
      page_token = page.next_page_token;
    } while (page_token && files.length < 10000);
    return files;
  },
  address: (path) => url('get-artifact', { run_id, path }),
});

/** Where the files of a logged model are. */
export const ofModel = (id) => ({
  list: async (path, options) => (await get(`logged-models/${encodeURIComponent(id)}/artifacts/directories`, { artifact_directory_path: path }, options)).files ?? [],
  address: (path) => url(`ajax-api/2.0/mlflow/logged-models/${encodeURIComponent(id)}/artifacts/files`, { artifact_file_path: path }),
});

/** Fills `root` with the browser. `open` is the path to show first; `choose` hears what is shown; `act` makes a button for a folder. */
export async function artifacts(root, source, { signal, open, choose, act, none }) {
  const side = h('nav', { class: 'files', 'aria-label': 'Files' });
  const view = h('div', { class: 'preview' });
  fill(root, loading(6));
  let top;
  try {
    top = await source.list(undefined, { signal });
  } catch (error) {
    if (error.name !== 'AbortError') fill(root, problem(error, () => artifacts(root, source, { signal, open, choose, act, none })));
    return;
  }
  if (!top.length) return fill(root, none ?? empty('No artifact', 'Files, charts and models that a run logs are listed here.'));
  let shown;
  const mark = (item) => {
    side.querySelectorAll('[aria-current]').forEach((el) => el.removeAttribute('aria-current'));
    item.setAttribute('aria-current', 'true');
  };
  const show = (file, item) => {
    mark(item);
    choose?.(file.path);
    shown?.abort();
    shown = new AbortController();
    return preview(view, { path: file.path, size: file.file_size, address: source.address(file.path) }, AbortSignal.any([signal, shown.signal]));
  };
  const leaf = (file) => {
    const item = h('button', { type: 'button', title: file.path, data: { path: file.path }, on: { click: () => show(file, item) } },
      icon('file'), h('span', {}, file.path.split('/').pop()), h('small', {}, bytes(file.file_size)));
    return h('li', {}, item);
  };
  const folder = (file) => {
    let list;
    const toggle = () => attempt(async () => {
      mark(item);
      if (act) fill(view, h('header', {}, h('b', {}, `${file.path}/`), h('span', { class: 'grow' }), act(file.path)));
      if (list) list.hidden = !list.hidden;
      else {
        list = h('ul', {}, h('li', { class: 'muted' }, '…'));
        item.after(list);
        fill(list, branch(await source.list(file.path, { signal })));
      }
      item.setAttribute('aria-expanded', String(!list.hidden));
    });
    const item = h('button', { type: 'button', 'aria-expanded': 'false', data: { path: file.path }, on: { click: toggle } }, icon('folder'), h('span', {}, file.path.split('/').pop()));
    item.unfold = toggle;
    return h('li', {}, item);
  };
  const branch = (files) => [...files].sort((a, b) => Boolean(b.is_dir) - Boolean(a.is_dir) || a.path.localeCompare(b.path, 'en', { numeric: true }))
    .map((file) => (file.is_dir ? folder(file) : leaf(file)));
  add(side, h('ul', {}, branch(top)));
  fill(root, side, view);
  await reveal(side, open ?? firstOf(top));
  if (!view.firstChild) fill(view, h('p', { class: 'empty' }, 'Choose a file to look at it.'));
}

// A report or a picture says more than a binary, so it is what is shown first.
function firstOf(files) {
  const order = ['markdown', 'image', 'table', 'json', 'text'];
  return files.filter((f) => !f.is_dir && order.includes(kindOf(f.path))).sort((a, b) => order.indexOf(kindOf(a.path)) - order.indexOf(kindOf(b.path)))[0]?.path;
}

async function reveal(side, path) {
  if (!path) return;
  const find = (p) => side.querySelector(`button[data-path="${CSS.escape(p)}"]`);
  const parts = path.split('/');
  for (let i = 1; i < parts.length; i++) await find(parts.slice(0, i).join('/'))?.unfold?.();
  const item = find(path);
  if (item?.unfold) await item.unfold();
  else item?.click();
}
