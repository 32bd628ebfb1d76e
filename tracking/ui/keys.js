// Keys for what is done often. They act on what the view marked, so that views need not know them.

import { h, button } from './dom.js';
import { show } from './ui.js';

const KEYS = [
  ['/', 'Go to the filter'], ['j k', 'Next and previous row'], ['Enter', 'Open the row'], ['x', 'Select the row'],
  ['c', 'Compare the selected runs'], ['g e', 'Experiments'], ['g m', 'Models'], ['?', 'This help'],
];

/** Shows the keys. */
export function help() {
  const dialog = h('dialog', { 'aria-label': 'Keyboard shortcuts', on: { close: () => dialog.remove() } },
    h('h2', {}, 'Keyboard shortcuts'),
    h('dl', { class: 'keys' }, KEYS.map(([key, does]) => [h('dt', {}, key.split(' ').map((k) => h('kbd', {}, k))), h('dd', {}, does)])),
    h('div', { class: 'actions' }, button('Close', () => dialog.close())));
  show(dialog);
}

/** Listens to the keyboard. Views hear `row` (how far to move, or what to do with the row) and `compare`. */
export function listen() {
  let before = '';
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (event.target.closest('input, textarea, select, [contenteditable]')) {
      if (event.key === 'Escape') {
        // Browsers empty a search field on this key; a filter is not given up by leaving it.
        event.preventDefault();
        event.target.blur();
      }
      return;
    }
    const two = before + event.key;
    before = event.key === 'g' ? 'g' : '';
    if (act(event, two)) event.preventDefault();
  });
}

function act(event, two) {
  if (two === 'ge') location.hash = '#/experiments';
  else if (two === 'gm') location.hash = '#/models';
  else if (event.key === '?') help();
  else if (event.key === '/') {
    const filter = document.querySelector('[data-filter]');
    filter?.focus();
    filter?.select();
  } else if (event.key === 'c') tell('compare');
  else if (event.key === 'j') tell('row', 1);
  else if (event.key === 'k') tell('row', -1);
  else if (event.key === 'x') tell('row', 'select');
  else if (event.key === 'Enter' && !event.target.closest('a, button, summary')) tell('row', 'open');
  else return false;
  return true;
}

function tell(what, detail) {
  dispatchEvent(new CustomEvent(`key-${what}`, { detail }));
}
