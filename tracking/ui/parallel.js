// Parallel coordinates: an axis per param and metric, a line per run; dragging over an axis keeps the runs within.

import { h, s, fill, button } from './dom.js';
import { num } from './format.js';
import { markText, ticks } from './scale.js';
import { card, empty, show } from './ui.js';
import { dimensions, remember } from './compare.js';

const [H, TOP, BOTTOM, SIDE] = [440, 46, 20, 60];

/** The tab of `#/compare/parallel`. */
export function parallel(root, runs, { query }) {
  const brushes = new Map();
  const draw = () => {
    const all = dimensions(runs);
    const asked = query.get('axes')?.split('|');
    const axes = asked ? asked.map((id) => all.find((d) => d.id === id)).filter(Boolean)
      : [...all.filter((d) => d.kind === 'params' && d.varies).slice(0, 6), ...all.filter((d) => d.kind === 'metrics' && d.varies).slice(-2)];
    const pick = button('Axes', () => choose(all, axes, (ids) => { remember('parallel', query, { axes: ids.join('|') }); brushes.clear(); draw(); }), { kind: 'small' });
    fill(root, card('Parallel coordinates', axes.length < 2 ? empty('Too little differs', 'Two axes are needed: params or metrics that are not the same in all runs.')
      : h('div', { class: 'wide-chart' }, picture(axes, runs, brushes, Math.max(160 * axes.length, root.clientWidth - 34))), h('span', { class: 'muted' }, 'Drag along an axis to keep the runs within.'), pick));
  };
  draw();
  return (now) => { runs = now; draw(); };
}

function choose(all, now, done) {
  const boxes = all.map((d) => h('input', { type: 'checkbox', checked: now.includes(d), name: d.id }));
  const dialog = h('dialog', { class: 'wide', 'aria-label': 'Axes', on: { close: () => dialog.remove() } }, h('h2', {}, 'Axes'),
    h('div', { class: 'pick-list' }, ['params', 'metrics'].map((kind) => h('fieldset', {}, h('legend', {}, kind === 'params' ? 'Params' : 'Metrics'),
      all.map((d, i) => d.kind === kind && h('label', {}, boxes[i], h('span', {}, d.key)))))),
    h('div', { class: 'actions' }, button('Cancel', () => dialog.close()), button('Show', () => { dialog.close(); done(all.filter((_, i) => boxes[i].checked).map((d) => d.id)); }, { kind: 'primary' })));
  show(dialog);
}

/** Low and high end of an axis. */
function ends({ numbers, words }) {
  if (words) return [0, Math.max(1, words.length - 1)];
  const sane = numbers.filter(Number.isFinite);
  const [low, high] = [Math.min(...sane), Math.max(...sane)];
  const pad = (high - low) * 0.04 || Math.abs(low) * 0.1 || 0.5;
  return [low - pad, high + pad];
}

function picture(axes, runs, brushes, W) {
  const svg = s('svg', { viewBox: `0 0 ${W} ${H}`, class: 'para', width: W, role: 'img', 'aria-label': `${runs.length} runs over ${axes.map((a) => a.key).join(', ')}` });
  const x = (i) => SIDE + (W - 2 * SIDE) * i / (axes.length - 1);
  const range = axes.map(ends);
  const y = (i, v) => H - BOTTOM - (H - TOP - BOTTOM) * (v - range[i][0]) / (range[i][1] - range[i][0]);
  const lines = runs.map((run, r) => {
    let d = '';
    axes.forEach((axis, i) => {
      const v = axis.numbers[r];
      // Infinite and absent values leave a gap.
      if (Number.isFinite(v)) d += `${d && Number.isFinite(axis.numbers[r] + axes[i - 1]?.numbers[r]) ? 'L' : 'M'}${x(i).toFixed(1)} ${y(i, v).toFixed(1)}`;
    });
    return s('path', { d, stroke: run.colour, 'data-run': run.id }, s('title', {}, `${run.name}\n${axes.map((a) => `${a.key}: ${a.words?.[a.numbers[r]] ?? num(a.numbers[r])}`).join('\n')}`));
  });
  const judge = () => lines.forEach((line, r) => {
    const kept = [...brushes].every(([i, [low, high]]) => axes[i].numbers[r] >= low && axes[i].numbers[r] <= high);
    line.setAttribute('class', kept ? '' : 'off');
  });
  svg.append(...lines);
  axes.forEach((axis, i) => {
    const marks = axis.words ? axis.words.map((word, at) => [at, word]) : ticks(...range[i], 6).map((v, _, list) => [v, markText(v, list[1] - list[0])]);
    const anchor = i === axes.length - 1 ? 'end' : 'start';
    const side = anchor === 'end' ? -7 : 7;
    const brush = s('rect', { class: 'brush', x: x(i) - 9, width: 18, height: 0 });
    const grip = s('rect', { class: 'grip', x: x(i) - 14, y: TOP - 6, width: 28, height: H - TOP - BOTTOM + 12, 'data-axis': axis.id });
    svg.append(s('line', { class: 'axis-line', x1: x(i), x2: x(i), y1: TOP, y2: H - BOTTOM }),
      s('text', { class: 'axis-name', x: x(i), y: 18 + (i % 2) * 14, 'text-anchor': i === 0 ? 'start' : i === axes.length - 1 ? 'end' : 'middle' }, axis.key.slice(0, 24)),
      ...marks.slice(0, 14).map(([v, text]) => s('text', { class: 'axis-text', x: x(i) + side, y: y(i, v) + 4, 'text-anchor': anchor }, text.slice(0, 16))), brush, grip);
    const value = (event) => {
      const box = svg.getBoundingClientRect();
      const scale = Math.min(box.width / W, box.height / H);
      const py = Math.max(TOP, Math.min(H - BOTTOM, (event.clientY - box.top - (box.height - H * scale) / 2) / scale));
      return range[i][0] + (H - BOTTOM - py) / (H - TOP - BOTTOM) * (range[i][1] - range[i][0]);
    };
    const paint = () => {
      const [low, high] = brushes.get(i) ?? [0, 0];
      brush.setAttribute('y', Math.min(y(i, low), y(i, high)));
      brush.setAttribute('height', brushes.has(i) ? Math.abs(y(i, low) - y(i, high)) : 0);
      judge();
    };
    grip.addEventListener('pointerdown', (event) => {
      const from = value(event);
      grip.setPointerCapture(event.pointerId);
      brushes.delete(i);
      const move = (e) => { const till = value(e); brushes.set(i, [Math.min(from, till), Math.max(from, till)]); paint(); };
      grip.addEventListener('pointermove', move);
      grip.addEventListener('pointerup', () => grip.removeEventListener('pointermove', move), { once: true });
      paint();
    });
    paint();
  });
  return svg;
}
