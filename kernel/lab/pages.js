// When a notebook's cells are checked, and what becomes of the answer.

/** So long, in milliseconds, nothing may be typed before a cell is checked. */
const PAUSE = 300;
/** So long it is waited while the session is not there yet. */
const STARTING = 2000;

class Pages {
  constructor(modules, tracker, marks, sources) {
    this.modules = modules;
    this.tracker = tracker;
    this.marks = marks;
    this.sources = sources;
    this.pages = new WeakMap();
    tracker.widgetAdded.connect((_, panel) => {
      const look = () => isOurs(panel.sessionContext.session?.kernel);
      panel.sessionContext.kernelChanged.connect(look);
      look();
    });
    const { NotebookActions } = modules.notebook;
    NotebookActions.executionScheduled.connect((_, { notebook, cell }) => this.of(notebook)?.begins(cell));
    NotebookActions.executed.connect((_, { notebook }) => this.of(notebook)?.later());
  }

  of(notebook) {
    const panel = this.tracker.find(panel => panel.content === notebook);
    return panel && this.page(panel);
  }

  page(panel) {
    if (!this.pages.has(panel)) {
      this.pages.set(panel, new Page(this.modules, panel, this.marks));
    }
    return this.pages.get(panel);
  }

  /** Page and cell of an editor. */
  find(view) {
    let found = null;
    this.tracker.find(panel => {
      const cell = panel.content.widgets.find(cell => cell.editor?.editor === view);
      found = cell ? { page: this.page(panel), cell } : null;
      return found !== null;
    });
    return found;
  }

  typed(view) {
    const found = this.find(view);
    if (found?.cell.model.type === 'code') {
      found.page.typed(found.cell);
    }
  }

  goToDefinition(view) {
    const panel = this.find(view)?.page.panel;
    const kernel = panel?.sessionContext.session?.kernel;
    if (!isKnownAsOurs(kernel)) {
      return false;
    }
    // What crates define, only the kernel can tell; the texts of cells are here.
    this.sources.open(kernel, view).then(found => found || goToDefinition(panel, view));
    return true;
  }

  apply(view, fix) {
    this.find(view)?.page.apply(fix);
  }
}

class Page {
  constructor(modules, panel, marks) {
    this.modules = modules;
    this.panel = panel;
    this.marks = marks;
    /** Texts that the kernel has run, by cell: they need not be sent again. */
    this.ran = new Map();
    this.session = null;
    this.wanted = new Set();
    this.checked = new Map();
    /** Cells that were begun since the question: the answer is not about them. */
    this.begun = new Set();
    this.timer = 0;
    this.asking = false;
  }

  typed(cell) {
    this.wanted.add(cell.model.id);
    this.later();
  }

  /** A cell is run: what is wrong with it, its output says. */
  begins(cell) {
    this.wanted.delete(cell.model.id);
    this.begun.add(cell.model.id);
    this.ran.delete(cell.model.id);
    if (cell.editor) {
      this.marks.set(cell.editor.editor, []);
    }
  }

  later(pause = PAUSE) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check().catch(error => this.fail(error)), pause);
  }

  /** A kernel that ends or is restarted answers no more; that is no news. One that lives is asked again later. */
  fail(error) {
    console.debug('Ironbook: cells were not checked:', error);
    const kernel = this.panel.isDisposed ? null : this.panel.sessionContext.session?.kernel;
    if (this.wanted.size && kernel && !kernel.isDisposed && kernel.status !== 'dead') {
      this.later(STARTING);
    }
  }

  codeCells() {
    return this.panel.content.widgets.filter(cell => cell.model.type === 'code');
  }

  async check() {
    const kernel = this.panel.sessionContext.session?.kernel;
    if (!(await isOurs(kernel)) || this.asking || this.panel.isDisposed) {
      return;
    }
    const cells = this.codeCells();
    // What is marked elsewhere may be mended by what was typed here.
    const marked = cells.filter(cell => cell.editor && this.marks.has(cell.editor.editor));
    const wanted = new Set([...this.wanted, ...marked.map(cell => cell.model.id)]);
    const last = cells.findLastIndex(cell => wanted.has(cell.model.id));
    if (last < 0) {
      return;
    }
    const texts = new Map(cells.slice(0, last + 1).map(cell => [cell.model.id, text(cell)]));
    const unknown = [...texts].filter(([id, text]) => wanted.has(id) || this.ran.get(id) !== text);
    this.asking = true;
    this.wanted.clear();
    this.begun.clear();
    const asked = { cells: unknown.map(([id, text]) => ({ id, text })), wanted: [...wanted] };
    let reply;
    try {
      reply = await ask(this.modules.services, kernel, 'check', asked);
    } catch (error) {
      // What was run meanwhile, its output tells of.
      wanted.forEach(id => this.begun.has(id) || this.wanted.add(id));
      throw error;
    } finally {
      this.asking = false;
    }
    this.take(reply, texts, wanted, unknown);
  }

  take(reply, texts, wanted, sent) {
    if (reply.status !== 'ok') {
      // Many cells that were never run can take longer than the kernel lets it; what it has checked it keeps.
      if (reply.ename === 'Timeout') {
        wanted.forEach(id => this.wanted.add(id));
        this.later(STARTING);
      }
      return;
    }
    if (reply.starting) {
      wanted.forEach(id => this.wanted.add(id));
      this.later(STARTING);
      return;
    }
    if (this.session !== reply.session) {
      // Another session, or one that was reset or has lost its values, has run nothing of what the one before had.
      const first = this.session === null;
      this.session = reply.session;
      this.ran.clear();
      if (!first) {
        wanted.forEach(id => this.wanted.add(id));
        this.later();
        return;
      }
    }
    sent.forEach(([id]) => this.ran.delete(id));
    reply.ran.forEach(id => this.ran.set(id, texts.get(id)));
    this.checked = texts;
    for (const { id, diagnostics } of reply.cells) {
      const cell = this.codeCells().find(cell => cell.model.id === id);
      if (!cell?.editor || this.begun.has(id)) {
        continue;
      }
      if (text(cell) !== texts.get(id)) {
        this.wanted.add(id);
        continue;
      }
      this.marks.set(cell.editor.editor, diagnostics);
    }
    if (this.wanted.size) {
      this.later();
    }
  }

  /** Writes what the compiler suggests, each cell in one step that can be taken back. */
  apply(fix) {
    const changes = new Map();
    for (const { cell: id, start, end, text: insert } of fix.edits) {
      const cell = this.codeCells().find(cell => cell.model.id === id);
      if (!cell?.editor || text(cell) !== this.checked.get(id)) {
        return;
      }
      const view = cell.editor.editor;
      changes.set(view, [...(changes.get(view) ?? []), { from: start, to: end, insert }]);
    }
    for (const [view, changed] of changes) {
      view.dispatch({ changes: changed, userEvent: 'input.complete' });
    }
    changes.keys().next().value?.focus();
  }
}

function text(cell) {
  return cell.editor ? cell.editor.editor.state.doc.toString() : cell.model.sharedModel.getSource();
}
