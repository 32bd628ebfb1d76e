// A small part of Markdown, built as elements. HTML inside stays text, and links lead only to the web.

import { h } from './dom.js';

const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|\*([^*\s][^*\n]*)\*|\[([^\]\n]+)\]\(([^)\s]+)\)|(https?:\/\/[^\s<>()]+)/;

function inline(text) {
  const out = [];
  let rest = text;
  for (let hit = INLINE.exec(rest); hit; hit = INLINE.exec(rest)) {
    const [whole, code, bold, italic, label, href, bare] = hit;
    out.push(rest.slice(0, hit.index));
    if (code) out.push(h('code', {}, code));
    else if (bold) out.push(h('strong', {}, inline(bold)));
    else if (italic) out.push(h('em', {}, inline(italic)));
    else out.push(h('a', { href: href ?? bare, rel: 'noopener noreferrer', target: '_blank' }, label ?? bare));
    rest = rest.slice(hit.index + whole.length);
  }
  out.push(rest);
  return out;
}

const cells = (line) => line.trim().replace(/^\||\|$/g, '').split('|').map((cell) => inline(cell.trim()));

/** Kinds of blocks: what begins one, and how it is made from the lines that `take` gives while they fit. */
const BLOCKS = [
  [/^```/, (line, take) => {
    const body = take((next) => !next.startsWith('```'));
    take((next, i) => i === 0 && next.startsWith('```'));
    return h('pre', {}, h('code', {}, body.join('\n')));
  }],
  [/^#{1,6}\s/, (line) => h(line.startsWith('###') ? 'h4' : 'h3', {}, inline(line.replace(/^#+\s+/, '').replace(/\s#+$/, '')))],
  [/^\s*[-*+]\s/, (line, take) => h('ul', {}, [line, ...take((next) => /^\s*[-*+]\s/.test(next))].map((l) => h('li', {}, inline(l.replace(/^\s*[-*+]\s+/, '')))))],
  [/^\s*\d+[.)]\s/, (line, take) => h('ol', {}, [line, ...take((next) => /^\s*\d+[.)]\s/.test(next))].map((l) => h('li', {}, inline(l.replace(/^\s*\d+[.)]\s+/, '')))))],
  [/^>/, (line, take) => h('blockquote', {}, inline([line, ...take((next) => next.startsWith('>'))].map((l) => l.replace(/^>\s?/, '')).join(' ')))],
  [/^\s*\|.*\|/, (line, take) => {
    const [rule, ...rows] = take((next) => next.includes('|'));
    const body = /^[\s|:-]+$/.test(rule ?? '') ? rows : rule === undefined ? [] : [rule, ...rows];
    return h('table', {}, h('tr', {}, cells(line).map((c) => h('th', {}, c))), body.map((row) => h('tr', {}, cells(row).map((c) => h('td', {}, c)))));
  }],
  [/^(-{3,}|\*{3,})\s*$/, () => h('hr')],
];

/** The text as elements. */
export function markdown(text) {
  const lines = text.slice(0, 500_000).replaceAll('\r', '').split('\n');
  const out = h('div', { class: 'text' });
  let at = 0;
  const take = (fits) => {
    const from = at;
    while (at < lines.length && fits(lines[at], at - from)) at++;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at++];
    if (!line.trim()) continue;
    const block = BLOCKS.find(([begins]) => begins.test(line));
    out.append(block ? block[1](line, take)
      : h('p', {}, inline([line, ...take((next) => next.trim() && !BLOCKS.some(([begins]) => begins.test(next)))].join(' '))));
  }
  return out;
}
