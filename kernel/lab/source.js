// F12 on what a crate defines: its source, to be read, beside the notebook.

/** So long, in milliseconds, a definition is waited for. */
const DEFINED_WITHIN = 2000;

class Sources {
  constructor(app, modules, editors) {
    this.app = app;
    this.modules = modules;
    this.editors = editors;
    this.widget = null;
  }

  /** Opens the file that defines what stands at the cursor; whether one does. */
  async open(kernel, view) {
    const code = view.state.doc.toString();
    // Places are code points.
    const cursor_pos = [...code.slice(0, view.state.selection.main.head)].length;
    const late = new Promise(resolve => setTimeout(resolve, DEFINED_WITHIN, null));
    const asked = ask(this.modules.services, kernel, 'definition', { code, cursor_pos }).catch(() => null);
    const reply = await Promise.race([asked, late]);
    if (!reply?.found) {
      return false;
    }
    this.show(reply);
    return true;
  }

  async show({ path, text, line, start, end }) {
    const widget = this.panel();
    const name = path.split('/').at(-1);
    widget.title.label = name;
    widget.title.caption = `${path}, which is not to be changed`;
    const { model, editor } = widget.content;
    model.sharedModel.setSource(text);
    this.app.shell.activateById(widget.id);
    // Where a line stands is known once the panel has its size.
    await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    editor.setSelection({ start: { line, column: start }, end: { line, column: end } });
    const { EditorView } = this.modules.view;
    const at = editor.getOffsetAt({ line, column: start });
    editor.editor.dispatch({ effects: EditorView.scrollIntoView(at, { y: 'center' }) });
    editor.focus();
  }

  /** The one panel for all sources, as long as it is open. */
  panel() {
    if (!this.widget || this.widget.isDisposed) {
      const { CodeEditor, CodeEditorWrapper } = this.modules.codeeditor;
      const content = new CodeEditorWrapper({
        model: new CodeEditor.Model({ mimeType: 'text/x-rustsrc' }),
        factory: this.editors.factoryService.newDocumentEditor,
        editorOptions: { config: { readOnly: true, lineNumbers: true, lineWrap: false } },
      });
      content.addClass('ib-Source');
      this.widget = new this.modules.apputils.MainAreaWidget({ content });
      this.widget.id = 'ironbook-source';
      this.widget.title.closable = true;
      // Notebook 7, and JupyterLab in its simple mode, show one document in their main area.
      const isRoomy = this.app.shell.mode === 'multiple-document';
      this.app.shell.add(this.widget, isRoomy ? 'main' : 'down', { mode: 'split-bottom' });
    }
    return this.widget;
  }
}
