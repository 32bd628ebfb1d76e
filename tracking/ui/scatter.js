// A point per run over two params or metrics.

import { h, s, fill } from './dom.js';
import { num } from './format.js';
import { go } from './router.js';
import { card, empty } from './ui.js';
import { logTicks, markText, ticks } from './scale.js';
import { dimensions, remember } from './compare.js';

const [H, LEFT, RIGHT, TOP, BOTTOM] = [440, 70, 20, 14, 46];

/** The tab of `#/compare/scatter`. */
export function scatter(root, runs, { query }) {
  const draw = () => {
    const all = dimensions(runs);
    const of = (name, usual) => all.find((d) => d.id === query.get(name)) ?? usual;
    const x = of('x', all.find((d) => d.kind === 'params' && d.varies && !d.words) ?? all[0]);
    const y = of('y', all.findLast((d) => d.kind === 'metrics' && d.varies) ?? all.at(-1));
    if (!x || !y) return fill(root, empty('Nothing to draw', 'The runs have no param and no metric.'));
    const choice = (name, now) => h('label', { class: 'row muted' }, name, h('select', { name, on: { change: (e) => { remember('scatter', query, { [name]: e.target.value }); draw(); } } },
      all.map((d) => h('option', { value: d.id, selected: d === now }, d.key))));
    const log = h('label', { class: 'row muted' }, h('input', { type: 'checkbox', checked: query.get('log') === '1', on: { change: (e) => { remember('scatter', query, { log: e.target.checked ? '1' : '' }); draw(); } } }), 'Log x');
    fill(root, card('Scatter', h('div', { class: 'wide-chart' }, picture(x, y, runs, query.get('log') === '1', Math.max(420, root.clientWidth - 34))), choice('x', x), log, choice('y', y)));
  };
  draw();
  return (now) => { runs = now; draw(); };
}

function scaleOf({ numbers, words }, log) {
  const put = (v) => (log ? Math.log10(v) : v);
  const sane = numbers.map(put).filter(Number.isFinite);
  let [low, high] = sane.length ? [Math.min(...sane), Math.max(...sane)] : [0, 1];
  const pad = (high - low) * 0.07 || Math.abs(low) * 0.1 || 0.5;
  [low, high] = [low - pad, high + pad];
  const marks = words ? words.map((word, i) => [i, word]) : log ? logTicks(low, high).map((e) => [e, num(10 ** e)])
    : ticks(low, high, 6).map((v, _, list) => [v, markText(v, list[1] - list[0])]);
  return { at: (v) => (put(v) - low) / (high - low), marks: marks.filter(([v]) => v >= low && v <= high), mark: (v) => (v - low) / (high - low) };
}

function picture(x, y, runs, log, W) {
  const [sx, sy] = [scaleOf(x, log && !x.words), scaleOf(y, false)];
  const px = (t) => LEFT + t * (W - LEFT - RIGHT);
  const py = (t) => H - BOTTOM - t * (H - TOP - BOTTOM);
  return s('svg', { viewBox: `0 0 ${W} ${H}`, class: 'dots', width: W, role: 'img', 'aria-label': `${y.key} over ${x.key}` },
    sy.marks.map(([v, text]) => [s('line', { class: 'axis-line', x1: LEFT, x2: W - RIGHT, y1: py(sy.mark(v)), y2: py(sy.mark(v)), opacity: 0.5 }),
      s('text', { class: 'axis-text', x: LEFT - 8, y: py(sy.mark(v)) + 4, 'text-anchor': 'end' }, text.slice(0, 14))]),
    sx.marks.map(([v, text]) => s('text', { class: 'axis-text', x: px(sx.mark(v)), y: H - BOTTOM + 18, 'text-anchor': 'middle' }, text.slice(0, 14))),
    s('text', { class: 'axis-name', x: (W + LEFT) / 2, y: H - 6, 'text-anchor': 'middle' }, x.key),
    s('text', { class: 'axis-name', transform: `translate(14 ${H / 2}) rotate(-90)`, 'text-anchor': 'middle' }, y.key),
    runs.map((run, i) => {
      const [tx, ty] = [sx.at(x.numbers[i]), sy.at(y.numbers[i])];
      if (!Number.isFinite(tx) || !Number.isFinite(ty)) return null;
      const dot = s('circle', { cx: px(tx), cy: py(ty), r: 7, fill: run.colour, 'data-run': run.id },
        s('title', {}, `${run.name}\n${x.key}: ${x.words?.[x.numbers[i]] ?? num(x.numbers[i])}\n${y.key}: ${y.words?.[y.numbers[i]] ?? num(y.numbers[i])}`));
      dot.addEventListener('click', () => go(['runs', run.id]));
      return dot;
    }));
}
