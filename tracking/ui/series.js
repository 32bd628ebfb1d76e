// Histories of metrics, thinned by the server to what a chart can show.

import { get } from './api.js';
import { toNum } from './format.js';

/** A history as arrays in order of steps. */
function read(points) {
  points.sort((a, b) => a.step - b.step || a.time - b.time);
  return { steps: points.map((p) => p.step), times: points.map((p) => p.time), values: points.map((p) => p.value) };
}

/**
 * The history of `key` in each of `runs`, as a map by run id; at most about `max` points each. `between` are two steps.
 * `whole` says of each whether every point is there.
 */
export async function histories(runs, key, { max, between, signal } = {}) {
  const found = new Map(runs.map((id) => [id, []]));
  const limit = max ?? Math.max(200, Math.min(1500, Math.floor(6000 / runs.length)));
  for (let at = 0; at < runs.length; at += 100) {
    const answer = await get('metrics/get-history-bulk-interval', {
      run_ids: runs.slice(at, at + 100), metric_key: key, max_results: limit, start_step: between?.[0], end_step: between?.[1] }, { signal });
    for (const m of answer.metrics ?? []) {
      found.get(m.run_id)?.push({ step: Number(m.step ?? 0), time: Number(m.timestamp ?? 0), value: toNum(m.value) });
    }
  }
  return new Map([...found].map(([id, points]) => [id, { ...read(points), whole: points.length < limit }]));
}

/** Steps that cover `range` of an axis, one beyond on each side, from histories that are known. */
export function stepsIn(known, range, place) {
  let [low, high] = [Infinity, -Infinity];
  for (const one of known) {
    const xs = place(one);
    let [a, b] = [xs.findIndex((x) => x >= range[0]), xs.findLastIndex((x) => x <= range[1])];
    if (a < 0 || b < 0) continue;
    a = Math.max(0, Math.min(a, b) - 1);
    b = Math.min(xs.length - 1, Math.max(a, b) + 1);
    low = Math.min(low, one.steps[a]);
    high = Math.max(high, one.steps[b]);
  }
  return low <= high ? [low, high] : null;
}
