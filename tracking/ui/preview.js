// Shows one artifact, by the kind that its name says. Nothing in it is run in this page.

import { h, fill, button, icon } from './dom.js';
import { ask as fetchFrom } from './api.js';
import { bytes } from './format.js';
import { problem } from './ui.js';
import { plain } from './table.js';
import { markdown } from './markdown.js';

const TEXT_LIMIT = 2_000_000;
const ROWS = 1000;
const KINDS = {
  image: 'png jpg jpeg gif webp bmp ico avif svg', json: 'json ipynb geojson', table: 'csv tsv', html: 'html htm', markdown: 'md markdown',
  audio: 'mp3 wav ogg flac', video: 'mp4 webm',
  text: 'txt log rs py toml yaml yml lock cfg ini sh sql js ts css xml jsonl c h cpp r jl go java env requirements patch diff proto',
};
const BY_END = new Map(Object.entries(KINDS).flatMap(([kind, ends]) => ends.split(' ').map((end) => [end, kind])));
const PLAIN_NAMES = new Set(['MLmodel', 'Dockerfile', 'Makefile', 'LICENSE', 'README', 'requirements', 'conda']);

/** What a file is, by its name. */
export function kindOf(path) {
  const name = path.split('/').pop();
  const end = name.includes('.') ? name.split('.').pop().toLowerCase() : '';
  return BY_END.get(end) ?? (PLAIN_NAMES.has(name) ? 'text' : 'other');
}

/** Text with the numbers of its lines. */
export function code(text) {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return h('div', { class: 'lines' }, h('pre', { class: 'code', 'aria-hidden': 'true' }, lines.map((_, i) => i + 1).join('\n')), h('pre', { class: 'code' }, lines.join('\n')));
}

/** Rows of separated values, with quotes as RFC 4180 has them. */
export function separated(text, mark, most = ROWS + 1) {
  const rows = [];
  let [row, cell, quoted] = [[], '', false];
  for (let i = 0; i < text.length && rows.length < most; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === mark) { row.push(cell); cell = ''; } else if (c === '\n') {
      row.push(cell.replace(/\r$/, ''));
      rows.push(row);
      [row, cell] = [[], ''];
    } else cell += c;
  }
  if ((cell || row.length) && rows.length < most) rows.push([...row, cell]);
  return rows;
}

function table(text, mark) {
  const [head = [], ...rows] = separated(text, mark);
  const numeric = head.map((_, i) => rows.length > 0 && rows.every((row) => row[i] === undefined || row[i] === '' || Number.isFinite(Number(row[i]))));
  const box = plain('Rows', head.slice(0, 200).map((name, i) => [name, (row) => row[i] ?? '', numeric[i]]), rows.slice(0, ROWS));
  return rows.length >= ROWS ? h('div', {}, h('p', { class: 'muted note' }, `The first ${ROWS} rows.`), box) : box;
}

/** A page in a frame that may run nothing and reach nothing. */
async function framed(address, text, signal) {
  // A server that sends pages with a policy of their own, sandboxed, can have them drawn whole, scripts and all, in an origin that is nobody's.
  const own = `${address}&view=1`;
  const { headers, body } = await fetchFrom(own, { signal });
  body.cancel();
  const policy = headers.get('content-security-policy') ?? '';
  const isolated = /(^|;)\s*sandbox\b/.test(policy) && !policy.includes('allow-same-origin') && /^inline/.test(headers.get('content-disposition') ?? '');
  const frame = h('iframe', { sandbox: isolated ? 'allow-scripts' : '', title: 'Page', referrerpolicy: 'no-referrer' });
  if (isolated) frame.src = own;
  // The rule keeps what is in the frame from asking this server, or any other, for anything.
  else frame.srcdoc = `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'">${text}`;
  return isolated ? frame : h('div', {}, h('p', { class: 'muted note' }, 'Shown without its scripts and styles.'), frame);
}

const SHOW = {
  text: code,
  markdown,
  json: (text) => {
    try {
      return code(JSON.stringify(JSON.parse(text), null, 2));
    } catch {
      return code(text);
    }
  },
  table: (text, { path }) => table(text, path.endsWith('.tsv') ? '\t' : ','),
  html: (text, { address }, signal) => framed(address, text, signal),
};

const MEDIA = {
  image: (file) => h('img', { src: file.address, alt: file.path }),
  audio: (file) => h('audio', { src: file.address, controls: true }),
  video: (file) => h('video', { src: file.address, controls: true }),
};

/** Fills `root` with `file`: `{path, size, address}`. */
export async function preview(root, file, signal) {
  const kind = kindOf(file.path);
  const body = h('div', { class: 'shown', data: { kind } });
  const raw = ['markdown', 'table', 'html'].includes(kind) && button('Source', () => draw(true), { kind: 'small' });
  fill(root, h('header', {}, h('b', {}, file.path), h('span', { class: 'muted' }, bytes(file.size)), h('span', { class: 'grow' }), raw,
    h('a', { class: 'btn small', href: file.address, download: file.path.split('/').pop() }, icon('down'), 'Download')), body);
  const draw = async (source) => {
    if (MEDIA[kind]) return fill(body, MEDIA[kind](file));
    if (kind === 'other') return fill(body, h('p', { class: 'empty' }, 'Files of this kind have no preview. Download it to look at it.'));
    if (Number(file.size) > TEXT_LIMIT) return fill(body, h('p', { class: 'empty' }, `${bytes(file.size)} are too much for a preview. Download it to look at it.`));
    try {
      const text = await (await fetchFrom(file.address, { signal })).text();
      const shown = await (source ? code : SHOW[kind])(text, file, signal);
      if (!signal.aborted) fill(body, text ? shown : h('p', { class: 'empty' }, 'The file is empty.'));
    } catch (error) {
      if (error.name !== 'AbortError') fill(body, problem(error, () => draw(source)));
    }
  };
  await draw(false);
}
