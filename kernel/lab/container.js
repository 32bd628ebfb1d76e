// What JupyterLab loads: a container of module federation, written by hand so that nothing has to be built. All modules
// are JupyterLab's own, taken from the scope that it shares them in.

let scope = {};

/** A module that JupyterLab shares; of several versions the one that is in use. */
async function shared(name) {
  const versions = Object.values(scope[name] ?? {});
  const chosen = versions.find(version => version.loaded) ?? versions[0];
  if (!chosen) {
    throw new Error(`Ironbook: this JupyterLab shares no ${name}`);
  }
  return (await chosen.get())();
}

async function extension() {
  const names = ['apputils', 'codeeditor', 'codemirror', 'completer', 'notebook', 'services'];
  const [apputils, codeeditor, codemirror, completer, notebook, services] = await Promise.all(names.map(name => shared(`@jupyterlab/${name}`)));
  const [state, view] = await Promise.all(['state', 'view'].map(name => shared(`@codemirror/${name}`)));
  const modules = { apputils, codeeditor, codemirror, completer, notebook, services, state, view };
  return { __esModule: true, default: plugin(modules) };
}

function plugin(modules) {
  const { codeeditor, codemirror, completer, notebook } = modules;
  return {
    id: 'ironbook-lab:language',
    description: 'Mistakes, their fixes, types and imports while typing, for notebooks of Ironbook.',
    autoStart: true,
    requires: [notebook.INotebookTracker, codemirror.IEditorExtensionRegistry, codeeditor.IEditorServices],
    optional: [completer.ICompletionProviderManager],
    activate: (app, tracker, registry, editors, manager) => {
      addStyle();
      const marks = marksOf(modules);
      const pages = new Pages(modules, tracker, marks, new Sources(app, modules, editors));
      const extension = [
        marks.extension({ typed: view => pages.typed(view), apply: (...fix) => pages.apply(...fix) }),
        modules.view.keymap.of([{ key: 'F12', run: view => pages.goToDefinition(view) }]),
      ];
      registry.addExtension({
        name: 'ironbook-language',
        factory: () => codemirror.EditorExtensionRegistry.createImmutableExtension(extension),
      });
      if (manager) {
        completion(app, manager, modules, tracker);
      }
    },
  };
}

window._JUPYTERLAB = window._JUPYTERLAB ?? {};
window._JUPYTERLAB['ironbook-lab'] = {
  init: shares => {
    scope = shares;
  },
  get: async name => {
    if (name !== './extension') {
      throw new Error(`Ironbook: there is no module ${name}`);
    }
    const module = await extension();
    return () => module;
  },
};
