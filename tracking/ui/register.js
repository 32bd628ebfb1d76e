// Makes a version of a registered model, from a run's artifacts or a logged model.

import { h, add } from './dom.js';
import { get, post } from './api.js';
import { go } from './router.js';
import { ask, toast } from './ui.js';

/** A search for registered models; the server's grammar. */
export function findModels(options, query = {}) {
  return get('registered-models/search', { max_results: 100, ...query }, options);
}

/** Asks for a name and an alias; registers `{source, run_id, model_id}`. */
export async function register({ source, run_id, model_id, paths }) {
  const known = await findModels().catch(() => ({}));
  document.getElementById('known-models')?.remove();
  document.body.append(add(h('datalist', { id: 'known-models' }), (known.registered_models ?? []).map((m) => h('option', { value: m.name }))));
  const fields = [
    { name: 'name', label: 'Model', required: true, placeholder: 'flights-late', list: 'known-models', hint: 'A model that is there gets a new version; a new name makes a new model.' },
    paths && { name: 'path', label: 'Artifact', value: paths[0], options: paths.length > 1 ? paths : undefined, hint: 'The folder or file of the run that is the model.' },
    { name: 'alias', label: 'Alias', placeholder: 'champion', hint: 'May stay empty. It moves here if another version has it.' },
    { name: 'description', label: 'Description' },
  ].filter(Boolean);
  ask('Register a model', fields, 'Register', async ({ name, path, alias, description }) => {
    try {
      await post('registered-models/create', { name });
    } catch (error) {
      if (error.code !== 'RESOURCE_ALREADY_EXISTS') throw error;
    }
    const from = path ? `${source.replace(/\/$/, '')}/${path}` : source;
    const { model_version: made } = await post('model-versions/create', { name, source: from, run_id, model_id, description });
    if (alias) await post('registered-models/alias', { name, alias, version: made.version });
    toast(`${name} has version ${made.version} now.`);
    go(['models', name]);
  });
}
