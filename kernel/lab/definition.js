// F12: to where a name is defined, in this cell or another one of the notebook.

/** Words before the name that they define; a `mut` behind `&` borrows one. */
const DEFINES = 'fn|struct|enum|union|trait|type|mod|const|static|macro_rules!|let|let\\s+mut|ref|(?<!&\\s*|\'\\w+\\s+)mut';
/** Where a word ends or begins, whatever its letters. */
const EDGE = '(?![\\p{L}\\p{N}_])';
const START = '(?<![\\p{L}\\p{N}_])';

/** Goes to the definition of the name at the cursor; whether there is one. */
function goToDefinition(panel, view) {
  const cells = panel.content.widgets;
  const own = cells.findIndex(cell => cell.editor?.editor === view);
  const head = view.state.selection.main.head;
  const word = view.state.wordAt(head);
  if (own < 0 || !word || cells[own].model.type !== 'code') {
    return false;
  }
  const name = view.state.sliceDoc(word.from, word.to);
  const here = definitions(text(cells[own]), name).filter(at => at !== word.from);
  const before = here.findLast(at => at < word.from);
  const places = [[own, before], ...above(cells, own, name), [own, here[0]], ...below(cells, own, name)];
  const found = places.find(([, at]) => at !== undefined);
  if (!found) {
    return false;
  }
  show(panel.content, ...found, name.length);
  return true;
}

/** Where a text defines a name: behind a word that defines, within the pattern of a `let`, or as what a loop takes. */
function definitions(text, name) {
  const bound = `(?:ref\\s+|mut\\s+)*${name}${EDGE}`;
  const ways = [
    `(?:${DEFINES})\\s+${name}${EDGE}`,
    `let${EDGE}[^=;]*?[(,{\\[]\\s*${bound}(?=[^=;]*=)`,
    `for${EDGE}(?:[^;{]*?[(,])?\\s*${bound}(?=[^;{]*\\sin\\s)`,
  ];
  const named = new RegExp(ways.map(way => START + way).join('|'), 'gu');
  return [...text.matchAll(named)].map(match => match.index + match[0].length - name.length);
}

function above(cells, own, name) {
  // The newest definition wins.
  return cells.slice(0, own).map((cell, at) => [at, inCode(cell, name).at(-1)]).reverse();
}

function below(cells, own, name) {
  return cells.slice(own + 1).map((cell, at) => [own + 1 + at, inCode(cell, name)[0]]);
}

function inCode(cell, name) {
  return cell.model.type === 'code' ? definitions(text(cell), name) : [];
}

async function show(notebook, index, at, length) {
  notebook.activeCellIndex = index;
  const cell = notebook.widgets[index];
  await notebook.scrollToItem(index, 'smart').catch(() => undefined);
  await cell.ready;
  notebook.mode = 'edit';
  const view = cell.editor.editor;
  view.dispatch({ selection: { anchor: at, head: at + length }, scrollIntoView: true });
  view.focus();
}
