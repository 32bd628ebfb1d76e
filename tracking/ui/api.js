// The server: MLflow's REST interface of the same origin. A server that is away is waited for.

const base = new URL('.', document.baseURI);

/** What the server refused, in its own words. */
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** An address of this server. Lists become repeated parameters. */
export function url(path, query = {}) {
  const to = new URL(path, base);
  for (const [key, value] of Object.entries(query)) {
    for (const one of [value].flat()) if (one !== undefined && one !== '') to.searchParams.append(key, one);
  }
  return to.href;
}

let away = false;

function setAway(now) {
  if (away === now) return;
  away = now;
  dispatchEvent(new CustomEvent(now ? 'server-away' : 'server-back'));
  if (now) retry(1000);
}

function retry(wait) {
  setTimeout(async () => {
    try {
      const answer = await fetch(url('health'), { cache: 'no-store' });
      if (answer.status >= 502) throw new Error();
      setAway(false);
    } catch {
      retry(Math.min(wait * 1.5, 10000));
    }
  }, wait);
}

/** One request; the answer's bytes are the caller's. */
export async function ask(address, init) {
  let answer;
  try {
    answer = await fetch(address, init);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    setAway(true);
    throw new ApiError(0, 'AWAY', 'The server does not answer. The page goes on when it is back.');
  }
  if (answer.ok) return answer;
  if (answer.status >= 502 && answer.status <= 504) setAway(true);
  const text = await answer.text();
  let told = {};
  try {
    told = JSON.parse(text);
  } catch { /* not the interface's own error: its status says what there is to say */ }
  const hint = answer.status === 401 ? 'Sign in: the server wants a user name or a token.'
    : `The server answered ${answer.status} ${answer.statusText}.`;
  throw new ApiError(answer.status, told.error_code ?? '', told.message || hint);
}

/** One call of the interface; `v` is its version. */
export async function call(method, path, data, { signal, v = '2.0' } = {}) {
  const query = method === 'GET' ? data : {};
  const init = { method, signal, cache: 'no-store', headers: {} };
  if (method !== 'GET') {
    init.headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(data ?? {});
  }
  const answer = await ask(url(`ajax-api/${v}/mlflow/${path}`, query), init);
  const text = await answer.text();
  return text ? JSON.parse(text) : {};
}

export const get = (path, query, options) => call('GET', path, query, options);
export const post = (path, body, options) => call('POST', path, body, options);
export const patch = (path, body, options) => call('PATCH', path, body, options);
export const del = (path, body, options) => call('DELETE', path, body, options);

/** All pages of a list, up to `limit` items. */
export async function all(fetchPage, field, limit = 5000) {
  const items = [];
  let token;
  do {
    const page = await fetchPage(token);
    items.push(...(page[field] ?? []));
    token = page.next_page_token;
  } while (token && items.length < limit);
  return items;
}

/**
 * Calls `look` again and again until `signal` aborts: soon while it says that something changed, ever later while not,
 * never in a hidden tab, at once when the tab is looked at again or the server is back, and no more when it says `done`.
 */
export function poll(look, signal, { soon = 1500, late = 20000 } = {}) {
  let wait = soon;
  let timer;
  let busy = false;
  let done = false;
  const plan = () => {
    clearTimeout(timer);
    if (!done && !signal.aborted && !document.hidden) timer = setTimeout(turn, wait);
  };
  const turn = async () => {
    if (busy || done || signal.aborted) return;
    busy = true;
    try {
      const changed = await look();
      done = changed === 'done';
      wait = changed ? soon : Math.min(wait * 1.4, late);
    } catch {
      wait = Math.min(wait * 2, late);
    }
    busy = false;
    plan();
  };
  const wake = () => {
    wait = soon;
    clearTimeout(timer);
    if (!document.hidden) turn();
  };
  document.addEventListener('visibilitychange', wake, { signal });
  addEventListener('server-back', wake, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
  plan();
}

/** Runs `work` over `items`, at most `width` at a time. */
export async function each(items, width, work) {
  const queue = items.values();
  await Promise.all(Array.from({ length: width }, async () => {
    for (const item of queue) await work(item);
  }));
}
