// The page on which a model can be tried: a field per column, as openapi.json describes them.

const $ = (id) => document.getElementById(id);
const STORED = "ironbook-serve-key";
let key = sessionStorage.getItem(STORED) ?? "";
let columns = [];

function element(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "class") made.className = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function headers(more = {}) {
  return key ? { authorization: `Bearer ${key}`, ...more } : more;
}

async function open() {
  const response = await fetch("openapi.json", { headers: headers() });
  if (response.status === 401) {
    $("about").textContent = key ? "This key is not known here." : "This server asks for a key.";
    $("key").hidden = false;
    $("main").hidden = true;
    $("key-value").focus();
    return;
  }
  const document_ = await response.json();
  $("key").hidden = true;
  $("main").hidden = false;
  const { title, version, description } = document_.info;
  document.title = `${title} · Ironbook`;
  $("title").textContent = title;
  $("about").textContent = `Version ${version}. ${description}`;
  columns = Object.entries(document_.components.schemas.Row.properties).map(([name, schema]) => ({ name, schema }));
  form();
}

function kind(schema) {
  if (schema.format === "date-time") return "time";
  return schema.type.includes("string") ? "text" : "number";
}

function form() {
  const rows = columns.map((column, i) => {
    const input = element("input", { id: `column-${i}`, autocomplete: "off", spellcheck: "false" });
    const label = element("label", {}, element("span", { class: "name" }, column.name), input);
    column.input = input;
    column.kind = kind(column.schema);
    if (column.kind === "number") {
      input.setAttribute("inputmode", "decimal");
      input.placeholder = "number";
    } else if (column.kind === "time") {
      input.placeholder = "2013-01-01T05:15:00";
    } else {
      input.placeholder = "text";
      const known = column.schema.examples ?? [];
      if (known.length) {
        const list = element("datalist", { id: `known-${i}` }, ...known.map((value) => element("option", { value })));
        input.setAttribute("list", list.id);
        input.placeholder = `${known.slice(0, 4).join(", ")}${known.length > 4 ? ", …" : ""}`;
        label.append(list);
      }
    }
    input.addEventListener("input", show);
    return label;
  });
  $("row").replaceChildren(...rows, element("div", { class: "row-end" }, element("button", {}, "Predict")));
  show();
}

// An empty field is a missing value; what is no number is sent as it is, and refused by name.
function row() {
  const value = ({ kind, input }) => {
    const text = input.value;
    if (text === "") return null;
    if (kind !== "number") return text;
    const number = Number(text.trim());
    return text.trim() !== "" && Number.isFinite(number) ? number : text;
  };
  return Object.fromEntries(columns.map((column) => [column.name, value(column)]));
}

function show() {
  const body = JSON.stringify({ rows: [row()] });
  const secret = key ? " \\\n  -H 'authorization: Bearer …'" : "";
  const quoted = body.replaceAll("'", "'\\''");
  $("request").textContent = `curl ${new URL("predict", location.href)}${secret} \\\n  -H 'content-type: application/json' \\\n  -d '${quoted}'`;
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function answer(told) {
  const [first] = told.predictions;
  const parts = [element("p", { class: "prediction" }, String(first.prediction))];
  const shares = Object.entries(first.probability ?? {}).sort((a, b) => b[1] - a[1]);
  for (const [name, share] of shares.slice(0, 12)) {
    const meter = element("meter", { min: 0, max: 1, value: share, "aria-label": name });
    const value = element("span", { class: "value" }, percent(share));
    parts.push(element("div", { class: "share" }, element("span", { class: "name" }, name), meter, value));
  }
  if (shares.length > 12) parts.push(element("p", { class: "quiet" }, `and ${shares.length - 12} classes more`));
  parts.push(element("p", { class: "quiet" }, `Version ${told.version}, request ${told.request_id}`));
  $("answer").replaceChildren(...parts);
}

function mark({ input }, wrong) {
  input.classList.toggle("wrong", wrong);
  input.ariaInvalid = wrong ? "true" : null;
}

function problem(told) {
  const fields = told.fields ?? [];
  for (const column of columns) mark(column, fields.some((field) => field.field === column.name));
  const text = told.message ?? told.error ?? "The server did not answer.";
  $("answer").replaceChildren(element("p", { class: "problem" }, text));
}

$("row").addEventListener("submit", async (event) => {
  event.preventDefault();
  for (const column of columns) mark(column, false);
  try {
    const body = JSON.stringify({ rows: [row()] });
    const response = await fetch("predict", { method: "POST", headers: headers({ "content-type": "application/json" }), body });
    const told = await response.json();
    if (response.ok) answer(told);
    else problem(told);
  } catch {
    problem({});
  }
});

// A link cannot send the key: what it leads to is fetched with it, and shown in a tab of its own.
for (const link of document.querySelectorAll("footer a")) {
  link.addEventListener("click", async (event) => {
    if (!key) return;
    event.preventDefault();
    const response = await fetch(link.href, { headers: headers() });
    window.open(URL.createObjectURL(new Blob([await response.text()], { type: "text/plain;charset=utf-8" })));
  });
}

$("key").addEventListener("submit", (event) => {
  event.preventDefault();
  key = $("key-value").value.trim();
  sessionStorage.setItem(STORED, key);
  open();
});

open().catch(() => {
  $("about").textContent = "The server does not answer.";
});
