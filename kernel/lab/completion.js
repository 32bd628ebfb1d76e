// Completion with types beside the names, one source of names, and the `use` that a name needs.

function completion(app, manager, { completer }, tracker) {
  /** What was told last, and where; nothing while something newer is asked. */
  const last = { items: [], editor: null, asked: 0 };
  const draws = renderer(completer);
  const Model = model(completer);
  app.started.then(() => {
    const providers = manager.getProviders?.() ?? new Map();
    tellAll(providers.get('CompletionProvider:kernel'), last, tracker);
    alone(providers.get('CompletionProvider:context'));
    // The one that ranks first draws and orders for all; items of others are drawn and ordered as ever.
    providers.forEach(provider => {
      provider.renderer = provider.renderer ?? draws;
      provider.modelFactory = provider.modelFactory ?? (async () => new Model());
    });
  });
  manager.selected?.connect((_, { insertText }) => {
    const { items, editor } = last;
    forget(last);
    const chosen = items.find(item => item.insertText === insertText);
    if (chosen?.ironbook.import && isUsed(editor, tracker)) {
      addUse(editor.editor, chosen.ironbook.import);
    }
  });
}

function forget(last) {
  last.items = [];
  last.editor = null;
}

/** Whether an editor is the one that the user writes in; who chooses by the mouse may have taken the focus from it. */
function isUsed(editor, tracker) {
  return Boolean(editor) && !editor.isDisposed && (editor.hasFocus() || tracker.activeCell?.editor === editor);
}

/** Has the kernel's own provider tell all that our kernel says. */
function tellAll(provider, last, tracker) {
  if (!provider) {
    return;
  }
  const fetch = provider.fetch.bind(provider);
  provider.fetch = async (request, context) => {
    forget(last);
    last.asked += 1;
    const asked = last.asked;
    const kernel = context.session?.kernel;
    if (!(await isOurs(kernel))) {
      return fetch(request, context);
    }
    const content = { code: request.text, cursor_pos: request.offset, ironbook_above: cellsAbove(context.editor, tracker) };
    const reply = (await kernel.requestComplete(content)).content;
    if (reply.status !== 'ok') {
      throw new Error('Ironbook: no completion');
    }
    // Places are code points.
    const typed = [...request.text].slice(reply.cursor_start, request.offset).join('');
    const items = (reply.metadata._jupyter_types_experimental ?? []).map((told, rank) => ({
      label: told.name,
      insertText: told.import ? told.name : told.text,
      type: told.type,
      ironbook: { rank, typed, signature: beside(told.signature, told.name), summary: told.summary, import: told.import },
    }));
    if (asked === last.asked) {
      last.items = items;
      last.editor = context.editor;
    }
    return { start: reply.cursor_start, end: reply.cursor_end, items };
  };
}

/** The code cells above an editor's, which need not have run. */
function cellsAbove(editor, tracker) {
  let cells = [];
  tracker.find(panel => {
    const at = panel.content.widgets.findIndex(cell => editor && cell.editor === editor);
    cells = panel.content.widgets.slice(0, Math.max(at, 0));
    return at >= 0;
  });
  return cells.filter(cell => cell.model.type === 'code').map(cell => cell.model.id);
}

/** Words that merely stand somewhere are no candidates where the kernel knows what fits. */
function alone(provider) {
  const isApplicable = provider?.isApplicable.bind(provider);
  if (isApplicable) {
    provider.isApplicable = async context => !(await isOurs(context.session?.kernel)) && isApplicable(context);
  }
}

/** A signature without what the name says already: `(n: usize) -> DataFrame`. */
function beside(signature, name) {
  const short = (signature ?? '').replace(/\s+/g, ' ').trim().replace(/^pub /, '');
  const at = short.search(/\b(fn|struct|enum|trait|const|static|type|mod|union|macro) /);
  const rest = at >= 0 ? short.slice(at).replace(/^(const |async |unsafe )*fn /, '') : short;
  const own = rest.startsWith(name) ? rest.slice(name.length) : rest;
  return own.replace(/^<[^()]*>(?=\()/, '').replace(/^\((&('\w+ )?(mut )?self|(mut )?self)(, )?/, '(').replace(/^: /, '').replace(/ where .*/, '');
}

/** Keeps the kernel's ranking: among names that fit equally well JupyterLab would go by the alphabet. */
function model({ CompleterModel }) {
  return class extends CompleterModel {
    get query() {
      return super.query;
    }
    set query(query) {
      // What all candidates begin with may be less than what was typed, where some only resemble it.
      const typed = this._completionItems?.[0]?.ironbook?.typed ?? '';
      if (query.length >= typed.length || !typed.startsWith(query)) {
        super.query = query;
      }
    }
    completionItems() {
      const items = super.completionItems();
      if (items.length && items.every(item => item.ironbook)) {
        const query = this.query.toLowerCase();
        const rest = item => (item.insertText.toLowerCase().startsWith(query) ? 0 : 1);
        items.sort((a, b) => rest(a) - rest(b) || a.ironbook.rank - b.ironbook.rank);
      }
      return items;
    }
  };
}

function renderer({ Completer }) {
  class Renderer extends Completer.Renderer {
    createCompletionItemNode(item, types) {
      const node = super.createCompletionItemNode(item, types);
      if (item.ironbook) {
        const { signature } = item.ironbook;
        const summary = item.ironbook.summary.replaceAll('`', '');
        const about = node.querySelector('.jp-Completer-typeExtended');
        about.textContent = signature || item.type;
        node.classList.add('ib-Completer-item');
        node.title = [signature, summary].filter(line => line).join('\n');
        if (summary) {
          element('span', 'ib-Completer-summary', about, summary);
        }
      }
      return node;
    }
    itemWidthHeuristic(item) {
      const own = item.ironbook;
      const name = item.label.replace(/<\/?mark>/g, '').length;
      return own ? name + Math.min(own.signature.length + own.summary.length, 90) : super.itemWidthHeuristic(item);
    }
  }
  return new Renderer();
}

/** Adds a `use` to a cell: before its first line of Rust, or at its end if it has none. */
function addUse(view, line) {
  const doc = view.state.doc;
  const lines = doc.toString().split('\n');
  if (lines.some(other => other.trim() === line)) {
    return;
  }
  const first = firstRust(lines);
  const changes = first < 0 ? { from: doc.length, insert: `\n${line}` } : { from: doc.line(first + 1).from, insert: `${line}\n` };
  view.dispatch({ changes, userEvent: 'input.complete' });
}

/** The first line behind magics, shell commands and inner attributes, with the lines that these go on over; -1 if there is none. */
function firstRust(lines) {
  let open = 0;
  let goesOn = false;
  return lines.findIndex(line => {
    const start = line.trim();
    const isShell = start.startsWith('!');
    if (!goesOn && open <= 0 && start && !isShell && !/^(%|:\w|#!\[)/.test(start)) {
      return true;
    }
    if (!isShell && start) {
      open += (start.match(/[[({]/g) ?? []).length - (start.match(/[\])}]/g) ?? []).length;
    }
    goesOn = start.endsWith('\\');
    return false;
  });
}
