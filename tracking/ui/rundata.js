// A run as the views use it, from what the server sends.

import { map, toNum } from './format.js';

/** A run with its values by name. */
export function readRun({ info, data = {}, inputs = {}, outputs = {} }) {
  const tags = map(data.tags);
  const metrics = Object.create(null);
  for (const m of data.metrics ?? []) metrics[m.key] = { value: toNum(m.value), step: Number(m.step ?? 0), time: Number(m.timestamp ?? 0) };
  const start = Number(info.start_time ?? 0);
  const end = Number(info.end_time ?? 0) || null;
  return {
    id: info.run_id ?? info.run_uuid,
    experiment: info.experiment_id,
    name: info.run_name || tags['mlflow.runName'] || (info.run_id ?? '').slice(0, 8),
    status: String(info.status ?? 'RUNNING'),
    user: tags['mlflow.user'] || info.user_id || '',
    deleted: info.lifecycle_stage === 'deleted',
    artifacts: info.artifact_uri,
    start, end, tags, metrics,
    params: map(data.params),
    parent: tags['mlflow.parentRunId'],
    datasets: inputs.dataset_inputs ?? [],
    modelsIn: inputs.model_inputs ?? [],
    modelsOut: outputs.model_outputs ?? [],
  };
}

/** How long a run took, or has been running. */
export function took(run) {
  if (run.end) return run.end - run.start;
  return run.status === 'RUNNING' ? Date.now() - run.start : NaN;
}

/** Whether the project had changes that no commit has. */
export const isDirty = ({ tags }) => (tags['ironbook.git.dirty'] ?? tags['mlflow.source.git.dirty']) === 'true';

/** Whether a tag says nothing to a person: MLflow's own, and those by which a dead process is known. */
export const isInner = (key) => key.startsWith('mlflow.') || key.startsWith('ironbook.process.');

/** Whether a metric is one of the machine's. */
export const isSystem = (key) => key.startsWith('system/');

/** Children below their parents: `{run, depth, children, open}` in the order given. Children of runs that are not loaded stand alone. */
export function tree(runs, closed) {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const children = new Map();
  const tops = [];
  for (const run of runs) {
    if (run.parent && run.parent !== run.id && byId.has(run.parent)) {
      if (!children.has(run.parent)) children.set(run.parent, []);
      children.get(run.parent).push(run);
    } else tops.push(run);
  }
  const rows = [];
  const seen = new Set();
  const put = (run, depth) => {
    if (seen.has(run.id)) return;
    seen.add(run.id);
    const below = children.get(run.id) ?? [];
    const open = !closed.has(run.id);
    rows.push({ id: run.id, run, depth, children: below.length, open });
    if (open) for (const child of below) put(child, depth + 1);
    else hide(below);
  };
  const hide = (list) => list.forEach((run) => { if (!seen.has(run.id)) { seen.add(run.id); hide(children.get(run.id) ?? []); } });
  tops.forEach((run) => put(run, 0));
  // Runs that name each other as parents are in no tree; they are shown all the same.
  for (const run of runs) put(run, 0);
  return rows;
}

/** Distinct colours for lines of several runs, readable on both grounds. */
export const COLOURS = ['#3b7ddd', '#e8743b', '#19a979', '#b55bc4', '#d9a20c', '#13a4b4', '#e0507a', '#6c6ce5', '#7a9a2e', '#a0785a'];
