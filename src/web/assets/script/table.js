
// The table of processes: groups that fold, filter, sorting, selection, a line of the last minutes.

const WINDOW = 300; // seconds that a line of history shows
const groups = new Map(); // by name
const past = new Map(); // what was seen of each process, as [time, processor use, state], by name
let earlier = {}; // the same, from before the page was loaded again
const selected = new Set(), only = new Set(), onScreen = new Set();
const folded = new Set(kept("folded", []));
let [sorting, descending] = kept("sorting", ["name", false]);

const COLUMNS = { name: "Name", state: "State", told: "Description", line: "5 minutes", cpu: "CPU %", memory: "Memory", restarts: "Restarts" };
const NUMBERS = ["cpu", "memory", "restarts"];
const KEYS = {
  name: (row) => row.name, state: (row) => STATES.indexOf(row.state), told: (row) => row.state === "RUNNING" ? -row.start : row.told,
  cpu: (row) => parseFloat(row.cpu || -1), memory: (row) => kib(row.memory), restarts: (row) => row.restarts || 0,
};

const filter = el("input", { type: "search", placeholder: "Filter", title: "Words of a name or a state; -word leaves out", "aria-label": "Filter processes by name, group or state", "aria-keyshortcuts": "/", oninput: () => soon() });
const chips = el("div.chips", { role: "group", "aria-label": "Show only processes that are" });
const scope = el("span.scope.soft", { "aria-live": "off" });
const bulkOutcome = outcomeSpan();
const heard = el("div.unseen", { role: "status" }); // for screen readers
const sortChoice = el("select.narrow", { "aria-label": "Sort by", onchange: () => sortBy(sortChoice.value) },
  ...Object.keys(KEYS).map((key) => el("option", { value: key }, `by ${COLUMNS[key].toLowerCase()}`)));

function bulkNames() {
  if (selected.size) return [...selected];
  const left = [...rows.values()].filter(fits);
  return left.length === rows.size ? ["*"] : left.map((row) => row.name);
}
function bulkWords() {
  const names = bulkNames();
  if (names.length === 1 && names[0] !== "*") return names[0];
  return names[0] === "*" ? `all ${rows.size} processes` : many(names.length, "process", "processes");
}
const bulk = (what) => bulkNames().length && deed(what, bulkNames(), bulkOutcome, what === "start" && selected.size ? null : bulkWords());
const bulkMore = menuButton("More", "More actions for these processes", () => deedItems(bulkNames, bulkOutcome, bulkWords()).slice(3));
const unpick = button("Clear selection", () => { [...selected].forEach((name) => pick(name, false)); soon(); }, null, "quiet");
const tools = el("div.bar.tools", {}, filter, sortChoice, el("div.bulk", { role: "group", "aria-label": "Actions for all that are selected or shown" }, scope,
  ...["Start", "Stop", "Restart"].map((text) => button(text, () => bulk(text.toLowerCase()), `${text} those`)), bulkMore, unpick), bulkOutcome);

const all = el("input", { type: "checkbox", "aria-label": "Select all that are shown", onchange: () => {
  for (const [name, entry] of shown) if (!entry.tr.hidden) pick(name, all.checked);
  soon();
} });
const heads = Object.entries(COLUMNS).map(([key, text]) => {
  const th = el(`th.h-${key}${NUMBERS.includes(key) ? ".number" : ""}`, { scope: "col", role: "columnheader" }, KEYS[key] ? button(text, () => sortBy(key)) : text);
  th.key = key;
  return th;
});
const flat = el("tbody", { role: "rowgroup" });
const table = el("table.live", { role: "table", "aria-label": "Processes" }, el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
  el("th.tick", { scope: "col", role: "columnheader" }, all), ...heads, el("th.does", { scope: "col", role: "columnheader" }, "Actions"))));
const none = el("p.none", {});
const processes = el("div", {}, chips, tools, table, none, heard);

// One process.
const cell = (kind, ...children) => el(`td.${kind}`, { role: "cell" }, ...children);
function entryOf(row) {
  const { name } = row, outcome = outcomeSpan(), state = badge(row.state);
  const entry = { outcome, state, told: el("span.fact"), why: el("span.why"), cpu: cell("number.cpu"), memory: cell("number.memory"), restarts: cell("number.restarts"), line: historyLine(100, 22) };
  entry.tick = el("input", { type: "checkbox", "aria-label": `Select ${name}`, onchange: () => { pick(name, entry.tick.checked); soon(); } });
  entry.buttons = ["Start", "Stop", "Restart"].map((text) => button(text, () => act(text.toLowerCase(), [name], outcome), `${text} ${name}`, "quiet"));
  entry.name = button(name, () => visit(name), null, "link");
  entry.name.title = "Log and details";
  entry.more = menuButton("⋯", `More actions for ${name}`, () => [["Log and details", () => visit(name)], null, ...deedItems(() => [name], outcome, name, rows.get(name)?.state)], "quiet");
  entry.tr = el("tr.one", { role: "row" }, cell("tick", entry.tick), cell("name", entry.name), cell("is", state), cell("told", entry.told, entry.why, outcome), cell("line", entry.line.node),
    entry.cpu, entry.memory, entry.restarts, cell("does", ...entry.buttons, entry.more));
  entry.tr.entry = entry;
  watcher.observe(entry.tr);
  return entry;
}
// Only what is on the screen counts its seconds and draws its line.
const watcher = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) {
    onScreen[isIntersecting ? "add" : "delete"](target.entry.row.name);
    if (isIntersecting && rows.has(target.entry.row.name)) { count(target.entry); target.entry.line.draw(target.entry.row.name); }
  }
}, { rootMargin: "200px" });
function count({ row, told: fact, why }) {
  setText(fact, told(row));
  setText(why, trouble(row));
  why.classList.toggle("bad", !lastEnd(row)?.[2]);
}

function show(row) {
  const old = rows.get(row.name);
  rows.set(row.name, row);
  let entry = shown.get(row.name);
  if (!entry) {
    entry = entryOf(row);
    shown.set(row.name, entry);
    groupOf(row).members.add(row.name);
    const since = UP.includes(row.state) ? row.start : row.stop;
    past.set(row.name, earlier[row.name] || (since ? [[Math.max(since, clock() - WINDOW), NaN, row.state]] : []));
    mustArrange = true;
  }
  entry.row = row;
  if (!old || old.state !== row.state) {
    turn(entry.state, row.state);
    enable(entry.buttons, row.state);
    past.get(row.name).push([clock(), parseFloat(row.cpu), row.state]);
    if (old) {
      flash(entry.tr);
      if (row.state === "FATAL" || row.state === "BACKOFF") announce(`${row.name} ${row.state.toLowerCase()}`);
    }
  }
  count(entry);
  setText(entry.cpu, row.cpu || "");
  setText(entry.memory, row.memory || "");
  setText(entry.restarts, row.restarts ? String(row.restarts) : "");
  entry.tr.classList.toggle("trouble", ["FATAL", "BACKOFF", "UNKNOWN"].includes(row.state));
}
function drop(name) {
  const row = rows.get(name), entry = shown.get(name), group = groups.get(row?.group);
  if (!entry) return;
  watcher.unobserve(entry.tr);
  entry.tr.remove();
  [rows, shown, past, selected, onScreen].forEach((them) => them.delete(name));
  group.members.delete(name);
  if (!group.members.size) { group.body.remove(); groups.delete(group.name); }
  mustArrange = true;
}
function flash(tr) {
  tr.classList.remove("changed");
  void tr.offsetWidth; // starts the animation again
  tr.classList.add("changed");
}
const unheard = new Set();
let speaking = 0;
function announce(text) {
  unheard.add(text);
  speaking ||= setTimeout(() => {
    speaking = 0;
    heard.textContent = unheard.size > 5 ? `${unheard.size} processes in trouble` : [...unheard].join(", ");
    unheard.clear();
  }, 2000);
}

// One group.
function groupOf(row) {
  const known = groups.get(row.group);
  if (known) return known;
  const { group: name } = row, outcome = outcomeSpan(), whole = () => [`${name}:*`], whose = `group ${name}`;
  const group = { name, members: new Set(), sum: el("span.soft"), cpu: cell("number.cpu"), memory: cell("number.memory"), restarts: cell("number.restarts") };
  group.sign = el("span.sign", { "aria-hidden": "true" });
  group.fold = el("button.fold", { type: "button", onclick: () => {
    folded[folded.has(name) ? "delete" : "add"](name);
    keep("folded", [...folded]);
    soon();
  } }, group.sign, name);
  group.tick = el("input", { type: "checkbox", "aria-label": `Select group ${name}`, onchange: () => {
    for (const member of group.members) if (fits(rows.get(member))) pick(member, group.tick.checked);
    soon();
  } });
  const buttons = ["Start", "Stop", "Restart"].map((text) => button(text, () => act(text.toLowerCase(), whole(), outcome), `${text} group ${name}`, "quiet"));
  const more = menuButton("⋯", `More actions for group ${name}`, () => deedItems(whole, outcome, whose), "quiet");
  group.tr = el("tr.group", { role: "row" }, cell("tick", group.tick), el("td.name", { role: "cell", colspan: 4 }, group.fold, group.sum, outcome), group.cpu, group.memory, group.restarts, cell("does", ...buttons, more));
  group.body = el("tbody", { role: "rowgroup" }, group.tr);
  groups.set(name, group);
  return group;
}
function sum(group) {
  const members = [...group.members].map((name) => rows.get(name)), states = {};
  let cpu = 0, kibs = 0, restarts = 0;
  for (const row of members) {
    states[row.state] = (states[row.state] || 0) + 1;
    cpu += parseFloat(row.cpu) || 0;
    kibs += kib(row.memory);
    restarts += row.restarts || 0;
  }
  const worse = STATES.filter((state) => states[state] && state !== "RUNNING").map((state) => `${SIGNS[state]} ${states[state]} ${state.toLowerCase()}`);
  setText(group.sum, [`${states.RUNNING || 0} of ${members.length} running`, ...worse].join(" · "));
  setText(group.cpu, cpu ? cpu.toFixed(cpu < 10 ? 1 : 0) : "");
  setText(group.memory, kibs ? memory(kibs) : "");
  setText(group.restarts, restarts ? String(restarts) : "");
  const is = folded.has(group.name);
  setText(group.sign, is ? "▸" : "▾");
  group.fold.setAttribute("aria-expanded", !is);
  group.tick.checked = members.length > 0 && members.every((row) => selected.has(row.name));
  // A program on its own needs no line above it.
  group.isAlone = members.length === 1 && members[0].name === group.name;
  setHidden(group.tr, group.isAlone);
}

function pick(name, is) {
  is ? selected.add(name) : selected.delete(name);
  shown.get(name).tick.checked = is;
  shown.get(name).tr.classList.toggle("picked", is);
}

// What the filter lets through.
let words = [];
const fits = (row) => (!only.size || only.has(row.state)) && words.every((word) => {
  const text = `${row.name} ${row.group} ${row.state}`.toLowerCase();
  return word[0] === "-" && word[1] ? !text.includes(word.slice(1)) : text.includes(word);
});

// Whatever must be settled is settled once, before the next picture.
let pending = 0, mustArrange = false;
function soon() { pending ||= requestAnimationFrame(settle); }
function settle() {
  pending = 0;
  if (mustArrange) { mustArrange = false; arrange(); }
  words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const isAll = !words.length && !only.size, visible = new Set();
  let left = 0;
  for (const [name, row] of rows) {
    const is = fits(row);
    if (is) { visible.add(row.group); left++; }
    setHidden(shown.get(name).tr, !is || (sorting === "name" && folded.has(row.group) && isAll));
  }
  for (const group of groups.values()) {
    setHidden(group.body, !visible.has(group.name));
    sum(group);
    for (const name of group.members) shown.get(name).tr.classList.toggle("member", !group.isAlone && sorting === "name");
  }
  total(left, isAll);
}
function total(left, isAll) {
  const states = {};
  for (const row of rows.values()) states[row.state] = (states[row.state] || 0) + 1;
  for (const state of STATES) {
    const n = states[state] || 0;
    let chip = chips[state];
    if (!chip && n) {
      chip = chips[state] = el("button.chip", { type: "button", "aria-pressed": "false", onclick: () => {
        only[only.has(state) ? "delete" : "add"](state);
        soon();
      } }, badge(state), el("b"));
      chips.append(...STATES.map((one) => chips[one]).filter(Boolean));
    }
    if (!chip) continue;
    setText(chip.lastChild, String(n));
    setHidden(chip, !n && !only.has(state));
    chip.setAttribute("aria-pressed", only.has(state));
    chip.setAttribute("aria-label", `${n} ${state.toLowerCase()}`);
  }
  const bad = (states.FATAL || 0) + (states.BACKOFF || 0);
  const title = `${bad ? `(${bad}) ` : ""}${(states.RUNNING || 0)}/${rows.size} ${headline()}`;
  if (document.title !== title) document.title = title;
  setText(scope, selected.size ? `${selected.size} selected:` : isAll ? `All ${rows.size}:` : `${left} shown:`);
  setHidden(unpick, !selected.size);
  tools.classList.toggle("picking", selected.size > 0);
  all.checked = selected.size > 0 && [...shown].every(([name, entry]) => entry.tr.hidden || selected.has(name));
  setHidden(none, left > 0);
  setText(none, rows.size ? "No process fits the filter." : "No programs to manage");
  setHidden(table, rows.size === 0);
}

// By name there are groups; by anything else they would be in the way.
function sortBy(key) {
  descending = sorting === key ? !descending : NUMBERS.includes(key);
  sorting = key;
  keep("sorting", [sorting, descending]);
  mustArrange = true;
  soon();
}
function arrange() {
  if (!KEYS[sorting]) sorting = "name";
  const key = KEYS[sorting];
  const compare = (a, b) => {
    const x = key(a), y = key(b);
    const order = typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0) : typeof x === "number" ? -1 : 1;
    return (descending ? -order : order) || (a.name < b.name ? -1 : 1);
  };
  const sorted = [...rows.values()].sort(compare), bodies = new Map();
  for (const row of sorted) {
    const body = sorting === "name" ? groups.get(row.group).body : flat;
    const trs = bodies.get(body) || bodies.set(body, body === flat ? [] : [body.firstChild]).get(body);
    trs.push(shown.get(row.name).tr);
  }
  for (const old of [...table.tBodies]) if (!bodies.has(old)) old.remove();
  order(table, [table.tHead, ...bodies.keys()]);
  for (const [body, trs] of bodies) order(body, trs);
  for (const th of heads) {
    const direction = th.key === sorting ? (descending ? "descending" : "ascending") : null;
    direction ? th.setAttribute("aria-sort", direction) : th.removeAttribute("aria-sort");
  }
  sortChoice.value = sorting;
}
// Puts children in this order, and moves only those that are elsewhere: a row that stays keeps its focus.
function order(parent, children) {
  let next = parent.firstChild;
  for (const child of children) {
    if (child === next) next = next.nextSibling;
    else parent.insertBefore(child, next);
  }
}
// Rows do not move below a pointer or a focus.
const isQuiet = () => !table.matches(":hover") && !table.contains(document.activeElement) && !openMenu;

// A line of the last minutes: processor use, below it the state, across it every end that came unexpectedly.
function historyLine(width, height) {
  const part = (kind) => svg("path", { class: kind, d: "" });
  const parts = { use: part("use"), good: part("good"), busy: part("busy"), bad: part("bad"), ends: part("ends") };
  const node = svg("svg", { class: "history", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", preserveAspectRatio: "none" }, svg("path", { class: "base", d: `M0 ${height - 1.5}H${width}` }), ...Object.values(parts));
  const top = height - 5;
  function draw(name) {
    const seen = past.get(name) || [], row = rows.get(name), now = clock();
    const x = (at) => Math.max(0, width - (now - at) * width / WINDOW).toFixed(1);
    const most = Math.max(100, ...seen.map(([, use]) => use || 0));
    const d = { use: "", good: "", busy: "", bad: "", ends: "" };
    let isDrawn = false;
    seen.forEach(([at, use, state], index) => {
      const until = index + 1 < seen.length ? seen[index + 1][0] : now;
      if (until < now - WINDOW) return;
      const kind = state === "RUNNING" ? "good" : ["FATAL", "BACKOFF", "UNKNOWN"].includes(state) ? "bad" : ["STARTING", "STOPPING"].includes(state) ? "busy" : null;
      if (kind) d[kind] += `M${x(at)} ${height - 1.5}H${x(until)}`;
      if (use >= 0) d.use += `${isDrawn ? "L" : "M"}${x(at)} ${(top - use / most * (top - 1)).toFixed(1)}`;
      isDrawn = use >= 0;
    });
    for (const [at, , isExpected] of row?.ends || []) if (!isExpected && at > now - WINDOW) d.ends += `M${x(at)} 0V${height}`;
    for (const kind in d) if (parts[kind].getAttribute("d") !== d[kind]) parts[kind].setAttribute("d", d[kind]);
  }
  return { node, draw };
}
// Looks at everybody, as often as the daemon does.
function remember() {
  const now = clock();
  for (const [name, row] of rows) {
    const seen = past.get(name);
    const last = seen[seen.length - 1], use = parseFloat(row.cpu ?? NaN);
    // A quiet stretch needs its two ends only.
    const before = seen[seen.length - 2];
    if (before && last[2] === row.state && before[2] === row.state && Object.is(last[1], use) && Object.is(before[1], use)) last[0] = now;
    else seen.push([now, use, row.state]);
    while (seen.length > 1 && seen[1][0] < now - WINDOW) seen.shift();
  }
  for (const name of onScreen) shown.get(name).line.draw(name);
  if (sorting !== "name" && isQuiet()) { mustArrange = true; soon(); }
}
