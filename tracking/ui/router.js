// Places of the page are hashes, so that a link opens the same view elsewhere: `#/runs/ID/artifacts?path=plots`.

/** The place that the address names. */
export function place() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  return { parts: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A link to a place. */
export function to(parts, query = {}) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined && value !== ''));
  return `#/${[parts].flat().map(encodeURIComponent).join('/')}${search.size ? `?${search}` : ''}`;
}

/** Goes to a place. */
export function go(parts, query) {
  location.hash = to(parts, query);
}

/** Notes a choice in the address without leaving the view. */
export function note(parts, query) {
  history.replaceState(null, '', to(parts, query));
}
