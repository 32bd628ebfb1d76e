// Marks of mistakes in an editor: underlined, explained where the pointer rests, mended by a button.

function marksOf({ state, view }) {
  const { StateEffect, StateField } = state;
  const { Decoration, EditorView, hoverTooltip } = view;
  const setMarks = StateEffect.define();

  const field = StateField.define({
    create: () => ({ set: Decoration.none, text: null }),
    update(value, transaction) {
      let { set, text } = value;
      if (transaction.docChanged) {
        const { changes } = transaction;
        // What was typed at may be mended; the next check tells.
        set = set.update({ filter: (from, to) => !changes.touchesRange(from, to) }).map(changes);
        text = null;
      }
      for (const effect of transaction.effects) {
        if (effect.is(setMarks)) {
          set = decorated(effect.value, transaction.state.doc);
          text = effect.value.length ? transaction.state.doc.toString() : null;
        }
      }
      return set === value.set && text === value.text ? value : { set, text };
    },
    provide: field => EditorView.decorations.from(field, value => value.set),
  });

  function decorated(diagnostics, doc) {
    const ranges = diagnostics.map(diagnostic => {
      const [from, to] = visible(diagnostic.start, diagnostic.end, doc);
      const mark = Decoration.mark({ class: `ib-Mark ib-mod-${diagnostic.severity}`, diagnostic });
      return from < to ? mark.range(from, to) : null;
    });
    return Decoration.set(ranges.filter(range => range), true);
  }

  /** A place of no width has the character at it, or the one before it. */
  function visible(start, end, doc) {
    const from = Math.min(start, doc.length);
    const to = Math.min(Math.max(end, from), doc.length);
    if (from < to) {
      return [from, to];
    }
    const line = doc.lineAt(from);
    return from < line.to ? [from, from + 1] : [Math.max(line.from, from - 1), from];
  }

  function found(editor, at) {
    const all = [];
    editor.state.field(field, false)?.set.between(at, at, (from, to, mark) => {
      all.push({ from, to, diagnostic: mark.spec.diagnostic });
    });
    return all;
  }

  function tooltip(apply) {
    return hoverTooltip((editor, at) => {
      const here = found(editor, at);
      if (!here.length) {
        return null;
      }
      const current = editor.state.field(field).text === editor.state.doc.toString();
      return {
        pos: Math.min(...here.map(mark => mark.from)),
        end: Math.max(...here.map(mark => mark.to)),
        above: true,
        create: () => ({ dom: explained(here.map(mark => mark.diagnostic), current, fix => apply(editor, fix)) }),
      };
    }, { hideOnChange: true, hoverTime: 250 });
  }

  return {
    set: (editor, diagnostics) => {
      if (diagnostics.length || editor.state.field(field, false)?.set.size) {
        editor.dispatch({ effects: setMarks.of(diagnostics) });
      }
    },
    has: editor => (editor.state.field(field, false)?.set.size ?? 0) > 0,
    extension: ({ typed, apply }) => [
      field,
      tooltip(apply),
      EditorView.updateListener.of(update => {
        if (update.docChanged) {
          typed(update.view);
        }
      }),
    ],
  };
}

/** What the compiler says, as it is shown beside the mistake. */
function explained(diagnostics, current, apply) {
  const box = element('div', 'ib-Tooltip');
  for (const diagnostic of diagnostics) {
    const part = element('div', `ib-Tooltip-part ib-mod-${diagnostic.severity}`, box);
    const head = element('div', 'ib-Tooltip-message', part, diagnostic.message);
    if (diagnostic.code) {
      head.append(' ');
      element('span', 'ib-Tooltip-code', head, diagnostic.code);
    }
    const fixes = current ? diagnostic.fixes : [];
    // What a button says is not said twice.
    const own = new Set(fixes.map(fix => `help: ${fix.title}`));
    for (const remark of diagnostic.remarks.filter(remark => !own.has(remark))) {
      element('div', 'ib-Tooltip-remark', part, remark);
    }
    for (const fix of fixes) {
      const button = element('button', 'ib-Tooltip-fix jp-mod-styled jp-mod-accept', part, fix.title);
      const [edit] = fix.edits;
      if (fix.edits.length === 1 && edit.text.trim() && !fix.title.includes(edit.text.trim())) {
        button.append(': ');
        element('code', '', button, edit.text.trim());
      }
      button.type = 'button';
      button.addEventListener('click', () => apply(fix));
    }
  }
  return box;
}

function element(name, className, parent, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) {
    made.textContent = text;
  }
  parent?.append(made);
  return made;
}
