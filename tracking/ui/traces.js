// Traces of an experiment, and one trace as a tree of spans.

import { h, fill, button } from './dom.js';
import { get, post } from './api.js';
import { duration } from './format.js';
import { to } from './router.js';
import { card, empty, facts, status, when } from './ui.js';
import { plain } from './table.js';
import { code } from './preview.js';

const V3 = { v: '3.0' };
const millis = (text) => Number(String(text ?? '').replace(/s$/, '')) * 1000;

/** The tab of `#/experiments/ID/traces`. */
export async function tracesTab(root, { id, signal }) {
  const traces = [];
  let token;
  const next = async () => {
    const page = await post('traces/search', { locations: [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: id } }], max_results: 100, page_token: token,
      order_by: ['timestamp_ms DESC'] }, { ...V3, signal });
    traces.push(...(page.traces ?? []));
    token = page.next_page_token;
    fill(root, traces.length ? h('section', { class: 'card' }, plain('Traces', [
      ['Trace', (t) => h('a', { href: to(['traces', t.trace_id]) }, t.tags?.['mlflow.traceName'] || t.trace_id)], ['State', (t) => status(String(t.state ?? ''))],
      ['Request', (t) => h('span', { class: 'clip' }, t.request_preview ?? '')], ['Response', (t) => h('span', { class: 'clip' }, t.response_preview ?? '')],
      ['Duration', (t) => duration(millis(t.execution_duration)), true], ['Started', (t) => when(Date.parse(t.request_time))]], traces),
    token && h('p', {}, button('More', next))) : empty('No trace', 'Calls that are traced are listed here, with the spans that they are made of.'));
  };
  await next();
}

/** A value of OpenTelemetry as plain data. */
function plainValue(v) {
  if (v === null || typeof v !== 'object') return v;
  if (v.array_value) return (v.array_value.values ?? []).map(plainValue);
  if (v.kvlist_value) return Object.fromEntries((v.kvlist_value.values ?? []).map((kv) => [kv.key, plainValue(kv.value)]));
  const [only] = Object.values(v);
  return only;
}

function readSpan(span) {
  const attributes = Array.isArray(span.attributes) ? Object.fromEntries(span.attributes.map((a) => [a.key, plainValue(a.value)])) : span.attributes ?? {};
  return { id: span.span_id, parent: span.parent_span_id || null, name: span.name, start: Number(span.start_time_unix_nano ?? span.start_time_ns ?? 0) / 1e6, end: Number(span.end_time_unix_nano ?? span.end_time_ns ?? 0) / 1e6,
    bad: /ERROR/.test(String(span.status?.code ?? '')), attributes, events: span.events ?? [] };
}

/** The view of `#/traces/ID`. */
export async function traceView(root, { parts: [id], signal }) {
  const { trace } = await get('traces/get', { trace_id: id, allow_partial: true }, { ...V3, signal });
  if (signal.aborted) return;
  const info = trace.trace_info ?? {};
  const spans = (trace.spans ?? []).map(readSpan);
  const experiment = info.trace_location?.mlflow_experiment?.experiment_id;
  const name = info.tags?.['mlflow.traceName'] || id;
  document.title = `${name} – Ironbook`;
  const detail = h('div', {});
  fill(root, h('div', { class: 'page' },
    h('header', { class: 'page-head' }, experiment && h('p', { class: 'crumbs' }, h('a', { href: to(['experiments', experiment, 'traces']) }, 'Traces')),
      h('div', { class: 'title' }, h('h1', {}, name), status(String(info.state ?? '')))),
    h('div', { class: 'halves' }, card('Spans', spans.length ? tree(spans, (span) => show(detail, span)) : empty('No span')),
      h('div', {}, detail, card('About', facts([['Started', when(Date.parse(info.request_time))], ['Duration', duration(millis(info.execution_duration))], ['Trace id', h('code', {}, id)],
        ...Object.entries(info.tags ?? {}).filter(([key]) => !key.startsWith('mlflow.'))]))))));
  root.querySelector('.spans button')?.click();
}

// What went in and came out is read first; the rest keeps its names.
const FIRST = { 'mlflow.spanInputs': 'Inputs', 'mlflow.spanOutputs': 'Outputs', 'mlflow.spanType': 'Kind' };

function show(root, span) {
  const text = (value) => code(typeof value === 'string' ? pretty(value) : JSON.stringify(value, null, 2));
  const keys = [...Object.keys(FIRST).filter((key) => key in span.attributes), ...Object.keys(span.attributes).filter((key) => !(key in FIRST) && key !== 'mlflow.traceRequestId')];
  fill(root, card(span.name, h('div', { class: 'span-detail' }, keys.map((key) => [h('h3', {}, FIRST[key] ?? key), text(span.attributes[key])]),
    span.events.map((event) => [h('h3', {}, `Event: ${event.name}`), text(event.attributes ?? {})]))));
}

function pretty(value) {
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}

function tree(spans, choose) {
  const low = Math.min(...spans.map((s) => s.start));
  const whole = Math.max(...spans.map((s) => s.end)) - low || 1;
  const ids = new Set(spans.map((s) => s.id));
  const rows = [];
  const seen = new Set();
  const put = (span, depth) => {
    if (seen.has(span.id)) return;
    seen.add(span.id);
    const bar = h('i');
    bar.style.left = `${100 * (span.start - low) / whole}%`;
    bar.style.width = `${Math.max(0.4, 100 * (span.end - span.start) / whole)}%`;
    const label = h('span', { title: span.name }, span.name);
    label.style.paddingLeft = `${depth * 16}px`;
    const row = h('button', { type: 'button', class: span.bad ? 'late' : '', on: { click: () => {
      rows.forEach((r) => r.removeAttribute('aria-current'));
      row.setAttribute('aria-current', 'true');
      choose(span);
    } } }, label, h('span', { class: 'track' }, bar), h('b', {}, duration(span.end - span.start)));
    rows.push(row);
    spans.filter((s) => s.parent === span.id).sort((a, b) => a.start - b.start).forEach((s) => put(s, depth + 1));
  };
  spans.filter((s) => !s.parent || !ids.has(s.parent)).forEach((s) => put(s, 0));
  spans.forEach((s) => put(s, 0));
  return h('div', { class: 'spans' }, rows);
}
