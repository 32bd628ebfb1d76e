// A table that draws only the rows in sight, so that ten thousand cost no more than fifty.

import { h, fill } from './dom.js';

const ROW = 36;
const SPARE = 12;

/**
 * `columns()` gives `{id, label, title, width, num, pin, sort, cell(row)}`; `on` hears `sort(id)`, `open(row)`, `select(row, event)`
 * and `near` when the end comes in sight. Rows have an `id`.
 */
export class Table {
  constructor({ label, on = {}, state = {} }) {
    this.on = on;
    this.state = state;
    this.rows = [];
    this.columns = [];
    this.cursor = -1;
    this.cols = h('colgroup');
    this.head = h('tr');
    this.body = h('tbody');
    this.table = h('table', { class: 'grid', 'aria-label': label }, this.cols, h('thead', {}, this.head), this.body);
    this.el = h('div', { class: 'grid-box', tabindex: '0', role: 'region', 'aria-label': label, on: { scroll: () => this.soon() } }, this.table);
    new ResizeObserver(() => this.soon()).observe(this.el);
    this.body.addEventListener('click', (event) => {
      const row = this.rowOf(event.target);
      if (row && !event.target.closest('a, button, input, label') && !getSelection().toString()) this.on.open?.(row, event);
    });
  }

  rowOf(target) {
    const tr = target.closest('tr[data-at]');
    return tr && this.rows[tr.dataset.at];
  }

  /** Takes over rows and columns and draws. */
  set(rows, columns = this.columns) {
    this.rows = rows;
    this.columns = columns;
    this.table.setAttribute('aria-rowcount', rows.length + 1);
    fill(this.cols, columns.map((c) => {
      const col = h('col');
      col.style.width = `${c.width}px`;
      return col;
    }), h('col'));
    this.table.style.minWidth = `${columns.reduce((sum, c) => sum + c.width, 0)}px`;
    fill(this.head, columns.map((c) => this.heading(c)), h('th', { class: 'rest', 'aria-hidden': 'true' }));
    this.drawn = null;
    this.draw();
  }

  heading(c) {
    const { sort, down } = this.state;
    const sorted = sort === c.id;
    const label = c.head ? c.head() : c.sort
      ? h('button', { type: 'button', title: `Sort by ${c.title ?? c.label}`, on: { click: () => this.on.sort(c.id) } },
        h('span', {}, c.label), sorted && h('i', { 'aria-hidden': 'true' }, down ? '↓' : '↑'))
      : h('span', { title: c.title }, c.label);
    return h('th', { scope: 'col', class: classes(c), data: { col: c.id }, 'aria-sort': sorted ? (down ? 'descending' : 'ascending') : undefined }, label);
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  /** Draws the rows in sight. */
  draw() {
    const { scrollTop, clientHeight } = this.el;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - SPARE);
    const last = Math.min(this.rows.length, Math.ceil((scrollTop + (clientHeight || 900)) / ROW) + SPARE);
    if (last >= this.rows.length - SPARE) this.on.near?.();
    if (this.drawn === `${first}:${last}`) return;
    this.drawn = `${first}:${last}`;
    // The focus survives drawing when it is on something that the drawn rows still have.
    const focus = this.body.contains(document.activeElement) ? document.activeElement : null;
    const [at, tag] = [focus?.closest('tr')?.dataset.id, focus?.tagName];
    fill(this.body, gap(first), this.rows.slice(first, last).map((row, i) => this.row(row, first + i)), gap(this.rows.length - last));
    if (at) this.body.querySelector(`tr[data-id="${CSS.escape(at)}"] ${tag}`)?.focus({ preventScroll: true });
  }

  row(row, at) {
    return h('tr', { class: this.on.mark?.(row), data: { at, id: row.id, cursor: at === this.cursor }, 'aria-rowindex': at + 2 },
      this.columns.map((c) => h('td', { class: classes(c) }, c.cell(row))), h('td', { class: 'rest' }));
  }

  /** Draws again what is in sight. */
  refresh() {
    this.drawn = null;
    this.draw();
  }

  /** Moves the cursor of the keyboard. */
  move(by) {
    this.cursor = Math.max(0, Math.min(this.rows.length - 1, this.cursor + by));
    const top = this.cursor * ROW;
    const { scrollTop, clientHeight } = this.el;
    if (top < scrollTop) this.el.scrollTop = top;
    else if (top + 2 * ROW > scrollTop + clientHeight) this.el.scrollTop = top + 2 * ROW - clientHeight;
    this.refresh();
  }
}

function classes(c) {
  return [c.num && 'num', c.pin && `pin pin${c.pin}`].filter(Boolean).join(' ');
}

function gap(rows) {
  if (!rows) return null;
  const td = h('td', { colspan: '99' });
  td.style.height = `${rows * ROW}px`;
  return h('tr', { class: 'gap', 'aria-hidden': 'true' }, td);
}

/** A small table that is drawn whole: `columns` of `[label, cell, numeric]`. */
export function plain(label, columns, rows, mark) {
  return h('div', { class: 'plain-box' }, h('table', { class: 'plain', 'aria-label': label },
    h('thead', {}, h('tr', {}, columns.map(([name, , numeric]) => h('th', { scope: 'col', class: numeric ? 'num' : '' }, name)))),
    h('tbody', {}, rows.map((row) => h('tr', { class: mark?.(row) }, columns.map(([, cell, numeric]) => h('td', { class: numeric ? 'num' : '' }, cell(row))))))));
}
