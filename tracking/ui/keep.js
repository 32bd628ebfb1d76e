// What a user chose, kept by the browser. A browser that keeps nothing gets the defaults.

/** What was kept under `key`, or `fallback`. */
export function kept(key, fallback) {
  try {
    return JSON.parse(localStorage.getItem(`ironbook.${key}`)) ?? fallback;
  } catch {
    return fallback;
  }
}

/** Keeps `value`. */
export function keep(key, value) {
  try {
    localStorage.setItem(`ironbook.${key}`, JSON.stringify(value));
  } catch { /* private windows and full stores: the choice lasts as long as the page */ }
}
