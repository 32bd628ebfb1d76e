// Elements from plain values. Everything a server sends goes through text nodes and attributes that hold no code.

/** An element. `props` may hold `class`, `data`, `on` (listeners), properties of the element and attributes. */
export function h(tag, props, ...kids) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === 'class') el.className = value;
    else if (key === 'data') Object.assign(el.dataset, value);
    else if (key === 'on') for (const [event, run] of Object.entries(value)) el.addEventListener(event, run);
    else if (key === 'href') el.setAttribute('href', safe(value));
    else if (key in el && typeof value !== 'string') el[key] = value;
    else if (key === 'value') el.value = value;
    else el.setAttribute(key, value === true ? '' : value);
  }
  add(el, kids);
  return el;
}

/** Appends text and elements; skips what is empty. */
export function add(el, kids) {
  for (const kid of [kids].flat(9)) {
    if (kid !== undefined && kid !== null && kid !== false) el.append(kid);
  }
  return el;
}

/** Replaces what is in `el`. */
export function fill(el, ...kids) {
  el.replaceChildren();
  return add(el, kids);
}

/** A link's target: web addresses and places of this page; anything else (`javascript:` above all) leads nowhere. */
export function safe(href) {
  if (href.startsWith('#')) return href;
  try {
    return ['http:', 'https:'].includes(new URL(href, document.baseURI).protocol) ? href : '#';
  } catch {
    return '#';
  }
}

const SVG = 'http://www.w3.org/2000/svg';

/** An element of SVG. */
export function s(tag, props, ...kids) {
  const el = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(props ?? {})) if (value !== undefined) el.setAttribute(key, value);
  return add(el, kids);
}

const ICONS = {
  copy: 'M5 5V2.5h8.5V11H11M2.5 5H11v8.5H2.5z',
  down: 'M8 2v8m-3.5-3.5L8 10l3.5-3.5M2.5 13.5h11',
  edit: 'M10.5 2.5l3 3-8 8h-3v-3z',
  expand: 'M9.5 2.5h4v4m-7 7h-4v-4m11-7l-5 5m-6 6l5-5',
  file: 'M4 1.5h5.5L12.5 5v9.5h-8.5zM9.5 1.5V5h3',
  folder: 'M1.5 3.5h4.5l1.5 2h7v8h-13z',
  menu: 'M8 3v.1M8 8v.1M8 13v.1',
  plus: 'M8 3v10M3 8h10',
  search: 'M7 2.5a4.5 4.5 0 100 9 4.5 4.5 0 000-9zm3.3 7.8l3.5 3.5',
  tag: 'M2 2.5h5.5l6.5 6.5-5 5-7-6.5zM5 5.5v.1',
  trash: 'M2.5 4h11M6 4V2.5h4V4m-6 0l.7 9.5h6.6L12 4',
  x: 'M4 4l8 8m0-8l-8 8',
  right: 'M6 3.5L10.5 8 6 12.5',
};

/** A small drawing that goes with a word. */
export function icon(name) {
  return s('svg', { viewBox: '0 0 16 16', class: 'icon', 'aria-hidden': 'true' }, s('path', { d: ICONS[name] }));
}

/** A button. `title` names buttons that show only a drawing. */
export function button(label, run, { kind = '', glyph, title, ...rest } = {}) {
  return h('button', { type: 'button', class: `btn ${kind}`, title, 'aria-label': label ? undefined : title, on: { click: run }, ...rest },
    glyph && icon(glyph), label);
}
