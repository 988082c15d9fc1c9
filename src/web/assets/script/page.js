
// The page itself: its frame, its keys, and the news from the daemon.

let head = {};
const headline = () => `${head.identifier && head.identifier !== "supervisor" ? head.identifier : "Supervisor"} on ${location.hostname}`;
const title = el("h1"), link = el("span.live-sign", { role: "status" }), sums = el("span.soft.sums"), lost = el("div.lost", { role: "alert" });
const VIEWS = {
  processes: ["Processes", processes], events: ["Events", eventPanel], configuration: ["Configuration", configPanel, showConfig], log: ["Daemon log", mainPanel, showMain],
};
const tabs = Object.entries(VIEWS).map(([key, [text, panel]], at) => {
  const tab = el("button", { type: "button", role: "tab", id: `tab-${key}`, "aria-controls": `view-${key}`, "aria-keyshortcuts": String(at + 1), onclick: () => go(key === "processes" ? "" : key) }, text);
  Object.assign(panel, { id: `view-${key}`, hidden: true });
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", tab.id);
  tab.key = key;
  return tab;
});
const tabList = el("div.tabs", { role: "tablist", "aria-label": "Views", onkeydown: (event) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  const next = tabs[(tabs.indexOf(document.activeElement) + by + tabs.length) % tabs.length];
  next.focus();
  next.click();
} }, ...tabs);

// Where we are is in the address: views and processes have links, and a way back.
const here = () => location.hash.slice(1);
function go(place) { if (here() !== place) location.hash = place; else turnTo(place); }
const visit = (name) => go(`process=${encodeURIComponent(name)}`);
function goBack() {
  window.history.replaceState(null, "", current && current !== "processes" ? `#${current}` : location.pathname + location.search);
}
let current = null;
function turnTo(place) {
  const isProcess = place.startsWith("process=");
  const key = isProcess ? current || "processes" : VIEWS[place] ? place : "processes";
  if (key !== current) {
    for (const tab of tabs) {
      const is = tab.key === key;
      tab.setAttribute("aria-selected", is);
      tab.tabIndex = is ? 0 : -1;
      setHidden(VIEWS[tab.key][1], !is);
    }
    leave.get(mainPanel)?.();
    current = key;
    VIEWS[key][2]?.();
  }
  let name = null;
  try { name = isProcess ? decodeURIComponent(place.slice(8)) : null; } catch { /* a broken address is none */ }
  if (name && name !== opened && rows.size) openProcess(name);
  if (!name && opened) closeProcess();
}
addEventListener("hashchange", () => turnTo(here()));

// Keys. None of them changes anything by itself.
const KEYS_TOLD = [["/", "filter or search"], ["j or ↓, k or ↑", "next and previous process"], ["Enter or o", "open the process"], ["x", "select it"], ["m", "its actions"], ["f", "pause or follow a log"], ["1 to 4", "the views"], ["Escape", "close, or empty the filter"], ["?", "these keys"]];
function showKeys() {
  const sheet = el("dialog.ask", { "aria-labelledby": "keys", onclose: () => sheet.remove() }, el("h2", { id: "keys" }, "Keys"),
    el("dl", {}, ...KEYS_TOLD.flatMap(([key, does]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)])), el("div.bar", {}, el("span.grow"), button("Close", () => sheet.close())));
  document.body.append(sheet);
  sheet.showModal();
}
function walk(by) {
  const all = [...table.querySelectorAll("tr.one")].filter((tr) => tr.getClientRects().length);
  const at = all.indexOf(document.activeElement?.closest?.("tr.one"));
  (all[at < 0 && by < 0 ? all.length - 1 : Math.min(all.length - 1, Math.max(0, at + by))])?.entry.name.focus();
}
document.addEventListener("keydown", (event) => {
  const { key, target } = event, isWriting = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) && target.type !== "checkbox";
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (key === "Escape" && target === filter) { filter.value = ""; only.clear(); soon(); filter.blur(); }
  if (isWriting || document.querySelector("dialog.ask[open]")) return;
  const entry = target.closest?.("tr.one")?.entry;
  const place = opened ? dialog.log : current === "log" ? mainPanel : null;
  const inTable = current === "processes" && !opened;
  const does = place?.keys?.[key] || (key === "?" && showKeys) || (!opened && { 1: () => go(""), 2: () => go("events"), 3: () => go("configuration"), 4: () => go("log") }[key])
    || (inTable && { "/": () => filter.focus(), j: () => walk(1), k: () => walk(-1), ArrowDown: () => walk(1), ArrowUp: () => walk(-1) }[key])
    || (inTable && entry && { o: () => entry.name.click(), x: () => entry.tick.click(), m: () => entry.more.click() }[key])
    || (current === "events" && key === "/" && (() => eventFilter.focus()));
  if (!does || (key.startsWith("Arrow") && !entry)) return;
  event.preventDefault();
  does();
});

// News.
function take(news) {
  if (news.head) {
    head = news.head;
    setText(title, headline());
    setText(lost, head.state === "RUNNING" ? "" : `supervisord: ${head.state.toLowerCase()}`);
  }
  (news.rows || []).forEach(show);
  (news.gone || []).forEach(drop);
  if (news.events?.length) happened(news.events);
  if (opened) dialog.renew();
  let use = 0, kibs = 0;
  for (const row of rows.values()) { use += parseFloat(row.cpu) || 0; kibs += kib(row.memory); }
  setText(sums, kibs ? `CPU ${use.toFixed(use < 10 ? 1 : 0)} % · ${memory(kibs)}` : "");
  soon();
}
let source = null, heardAt = 0;
function listen() {
  source?.close();
  source = new EventSource("web/events");
  heardAt = Date.now();
  const on = (kind, does) => source.addEventListener(kind, (event) => {
    heardAt = Date.now();
    does(JSON.parse(event.data));
  });
  on("all", (news) => {
    skew = news.now - Date.now() / 1000;
    if (Math.abs(skew) < 2) skew = 0;
    if (news.head.pid !== earlier.pid) earlier = {};
    const names = new Set(news.rows.map((row) => row.name));
    [...rows.keys()].filter((name) => !names.has(name)).forEach(drop);
    eventList.replaceChildren();
    eventsOf.length = 0;
    take(news);
    earlier = {};
    settle();
    begin();
    connected(true);
  });
  on("news", take);
  on("beat", () => {});
  source.onerror = () => {
    connected(false);
    // After an answer that is none, a browser does not try again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (!document.hidden) listen(); }, 3000);
  };
}
function connected(is) {
  link.className = `live-sign ${is ? "good" : "bad"}`;
  setText(link, is ? "● live" : "○ no connection");
  if (!is) setText(lost, "The connection to supervisord is lost; what is shown may be old. Trying again…");
  else if (head.state === "RUNNING") setText(lost, "");
}
// Who does not look costs nothing.
document.addEventListener("visibilitychange", () => document.hidden ? source?.close() : listen());
setInterval(() => {
  if (document.hidden) return;
  for (const name of onScreen) count(shown.get(name));
  if (opened) dialog.renew();
  // A laptop that slept, or a cable that was pulled: the daemon says something every 20 seconds.
  if (source?.readyState === EventSource.OPEN && Date.now() - heardAt > 60000) { connected(false); listen(); }
}, 1000);
setInterval(() => { if (!document.hidden) remember(); }, 2000);
addEventListener("pagehide", () => {
  try { sessionStorage.setItem("supervisor.past", JSON.stringify({ ...Object.fromEntries(past), pid: head.pid })); } catch { /* too much, or not allowed */ }
});
try {
  earlier = JSON.parse(sessionStorage.getItem("supervisor.past")) || {};
  for (const seen of Object.values(earlier)) if (Array.isArray(seen)) for (const point of seen) point[1] ??= NaN;
} catch { /* then nothing is known */ }

// The server's table stays until there is something better to see.
let isBegun = false;
function begin() {
  if (isBegun) return;
  isBegun = true;
  const header = document.getElementById("header"), place = header.nextElementSibling, message = document.querySelector(".status_msg");
  document.documentElement.lang = "en";
  document.body.classList.add("scripted");
  header.setAttribute("role", "banner");
  place.setAttribute("role", "main");
  document.getElementById("footer").setAttribute("role", "contentinfo");
  header.querySelector("img").alt = "";
  header.append(title, link, sums, el("span.grow"), button("?", showKeys, "Keys", "quiet.keys"));
  place.replaceChildren(...(message ? [message] : []), lost, tabList, ...Object.values(VIEWS).map(([, panel]) => panel));
  document.body.append(dialog);
  turnTo(here());
  settle();
}
listen();
