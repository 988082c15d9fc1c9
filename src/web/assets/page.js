"use strict";
// The live page. It takes the place of the table that the server has sent and keeps itself true with server-sent events.
// No text of a process, a log or the daemon is ever made into markup: nodes are made one by one and texts are text nodes.
(() => {
  const rows = new Map(); // every process as the server tells of it, by name
  const shown = new Map(); // its row in the table, by name
  const groups = new Map(); // the table body of each group
  const history = new Map(); // processor use of the last minute or so, by name
  const selected = new Set(), folded = new Set();
  let head = {}, sorting = "name", descending = false, opened = null, follower = null;
  const UP = ["RUNNING", "STARTING"];
  const SIGNALS = ["HUP", "USR1", "USR2", "INT", "TERM", "QUIT", "CONT", "STOP", "KILL"];

  // Makes an element: `el("button.big", {onclick: f}, "text", child)`.
  function el(what, attributes, ...children) {
    const [tag, ...classes] = what.split(".");
    const node = document.createElement(tag);
    if (classes.length) node.className = classes.join(" ");
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value != null) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child != null));
    return node;
  }
  const button = (text, does, label) => el("button", { type: "button", onclick: does, "aria-label": label }, text);
  const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };

  function lasting(seconds) {
    seconds = Math.max(0, Math.floor(seconds));
    const two = (n) => String(n).padStart(2, "0");
    const days = Math.floor(seconds / 86400);
    const clock = `${Math.floor(seconds / 3600) % 24}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    return days ? `${days} day${days > 1 ? "s" : ""}, ${clock}` : clock;
  }
  const now = () => Date.now() / 1000;
  const date = (at) => at ? new Date(at * 1000).toLocaleString() : "never";
  const told = (row) => row.state === "RUNNING" ? `pid ${row.pid}, uptime ${lasting(now() - row.start)}` : row.told;
  const size = (n) => n < 1024 ? `${n} B` : n < 1 << 20 ? `${(n / 1024).toFixed(0)} KiB` : `${(n / (1 << 20)).toFixed(1)} MiB`;

  // Asks the daemon to do something; the outcome is shown where it was asked and read out.
  async function act(what, names, place, signal) {
    const form = new URLSearchParams({ do: what });
    names.forEach((name) => form.append("name", name));
    if (signal) form.append("signal", signal);
    say(place, "…");
    let outcomes;
    try {
      const reply = await fetch("web/act", { method: "POST", body: form });
      if (!reply.ok) throw new Error(await reply.text());
      outcomes = await reply.json();
    } catch (error) {
      say(place, `${what}: ${error.message || "no answer"}`, true);
      return null;
    }
    if (Array.isArray(outcomes)) {
      const bad = outcomes.filter((outcome) => !outcome.ok);
      for (const outcome of outcomes) if (shown.has(outcome.name)) say(shown.get(outcome.name).outcome, outcome.text, !outcome.ok);
      if (!outcomes.length) say(place, "nothing to do");
      else if (outcomes.length === 1) say(place, outcomes[0].text, bad.length);
      else say(place, bad.length ? `${bad.length} of ${outcomes.length} failed: ${bad.slice(0, 3).map((o) => `${o.name} ${o.text}`).join("; ")}` : `${outcomes.length} done`, bad.length);
    }
    return outcomes;
  }
  function say(place, text, bad) {
    if (!place) return;
    place.className = `outcome ${bad ? "bad" : "good"}`;
    place.textContent = text;
    clearTimeout(place.timer);
    if (!bad && text !== "…") place.timer = setTimeout(() => { place.textContent = ""; }, 8000);
  }
  const outcomeSpan = () => el("span.outcome", { role: "status" });
  const sure = (question) => window.confirm(question);

  // The frame.
  const summary = el("span.soft", { role: "status" });
  const lost = el("div.lost", { role: "alert" });
  const title = el("h1", {}, "Supervisor");
  const filter = el("input", { type: "search", placeholder: "Filter by name, group or state  ( / )", "aria-label": "Filter processes", oninput: () => sift() });
  const bulkOutcome = outcomeSpan();
  const scope = el("span.soft");
  const signalChoice = (label) => el("select", { "aria-label": label }, el("option", { value: "" }, "Signal…"), ...SIGNALS.map((name) => el("option", {}, name)));
  const bulkSignal = signalChoice("Send a signal to the selection");
  bulkSignal.addEventListener("change", () => { bulk("signal", bulkSignal.value); bulkSignal.value = ""; });
  function bulk(what, signal) {
    const left = [...rows.keys()].filter((name) => filtered(rows.get(name)));
    const names = selected.size ? [...selected] : left.length === rows.size ? ["*"] : left;
    if (!selected.size && !sure(`${what} ${left.length === rows.size ? "all" : "these"} ${left.length} processes?`)) return;
    act(what, names, bulkOutcome, signal);
  }
  const columns = [["name", "Name"], ["state", "State"], ["told", "Description"], ["cpu", "CPU %"], ["memory", "Memory"], ["starts", "Starts"]];
  const all = el("input", { type: "checkbox", "aria-label": "Select all that are shown", onchange: () => {
    for (const [name, row] of shown) if (!row.tr.hidden) pick(name, all.checked);
    count();
  } });
  const heads = columns.map(([key, text]) => {
    const number = ["cpu", "memory", "starts"].includes(key);
    const th = el(number ? "th.number" : "th", { scope: "col", "aria-sort": "none" }, button(text, () => {
      descending = sorting === key ? !descending : number;
      sorting = key;
      arrange();
    }));
    th.key = key;
    return th;
  });
  const table = el("table.live", {}, el("caption.hidden", {}, "Processes"), el("thead", {}, el("tr", {}, el("th.tick", { scope: "col" }, all), ...heads, el("th", { scope: "col" }, "Actions"))));
  const none = el("p", {}, "No programs to manage");
  const eventList = el("ol.plain"), configBody = el("div"), mainBody = el("div");
  const panels = {
    Processes: el("div", {}, el("div.bar", {}, filter, scope, button("Start", () => bulk("start")), button("Stop", () => bulk("stop")), button("Restart", () => bulk("restart")),
      button("Clear logs", () => bulk("clear")), bulkSignal, bulkOutcome), table, none),
    Events: el("div", {}, eventList),
    Configuration: el("div", {}, configBody),
    "Daemon log": el("div", {}, mainBody),
  };
  const tabs = Object.keys(panels).map((name, at) => {
    Object.assign(panels[name], { id: `panel${at}`, tabIndex: 0 });
    panels[name].setAttribute("role", "tabpanel");
    panels[name].setAttribute("aria-label", name);
    return el("button", { type: "button", role: "tab", "aria-controls": `panel${at}`, onclick: () => turnTo(name) }, name);
  });
  const tabList = el("div.bar", { role: "tablist", "aria-label": "Views", onkeydown: (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  } }, ...tabs);
  function turnTo(name) {
    for (const tab of tabs) {
      const is = tab.textContent === name;
      tab.setAttribute("aria-selected", is);
      tab.tabIndex = is ? 0 : -1;
      panels[tab.textContent].hidden = !is;
    }
    unfollow();
    mainBody.replaceChildren();
    if (name === "Configuration") showConfig();
    if (name === "Daemon log") mainBody.append(...logView(null, ["main"]));
  }

  // The table.
  function groupOf(row) {
    if (groups.has(row.group)) return groups.get(row.group);
    const outcome = outcomeSpan();
    const name = `${row.group}:*`;
    const fold = el("button.fold", { type: "button", "aria-expanded": "true", onclick: () => {
      folded.has(row.group) ? folded.delete(row.group) : folded.add(row.group);
      sift();
    } });
    const tick = el("input", { type: "checkbox", "aria-label": `Select group ${row.group}`, onchange: () => {
      for (const [name, other] of rows) if (other.group === row.group && !shown.get(name).tr.hidden) pick(name, tick.checked);
      count();
    } });
    const does = el("td.does", {}, ...["Start", "Stop", "Restart"].map((text) => button(text, () => act(text.toLowerCase(), [name], outcome), `${text} group ${row.group}`)));
    const tr = el("tr.group", {}, el("td.tick", {}, tick), el("td.name", { colspan: 6 }, fold, outcome), does);
    const body = el("tbody", {}, tr);
    const group = { name: row.group, body, tr, fold, tick };
    groups.set(row.group, group);
    table.append(body);
    return group;
  }
  // Start, Stop and Restart, where they make sense.
  function enable([start, stop, restart], state) {
    start.disabled = UP.includes(state) || state === "STOPPING";
    stop.disabled = !UP.includes(state) && state !== "BACKOFF";
    restart.disabled = state === "STOPPING";
  }
  function show(row) {
    const old = rows.get(row.name);
    rows.set(row.name, row);
    let entry = shown.get(row.name);
    if (!entry) {
      const { name } = row;
      entry = { tick: el("input", { type: "checkbox", "aria-label": `Select ${name}`, onchange: (event) => { pick(name, event.target.checked); count(); } }),
        state: el("span.state"), told: el("span"), outcome: outcomeSpan(), cpu: el("td.number", { "data-unit": "% CPU" }), memory: el("td.number", { "data-unit": "memory" }),
        starts: el("td.number", { "data-unit": "starts" }), does: el("td.does") };
      entry.buttons = ["Start", "Stop", "Restart"].map((text) => button(text, () => act(text.toLowerCase(), [name], entry.outcome), `${text} ${name}`));
      entry.does.append(...entry.buttons, button("Log", () => open(name), `Log of ${name}`));
      entry.tr = el("tr", {}, el("td.tick", {}, entry.tick), el("td.name", {}, button(name, () => open(name))), el("td", {}, entry.state),
        el("td.told", {}, entry.told, entry.outcome), entry.cpu, entry.memory, entry.starts, entry.does);
      shown.set(name, entry);
      groupOf(row).body.append(entry.tr);
    }
    if (!old || old.state !== row.state) {
      entry.state.className = `state ${row.state.toLowerCase()}`;
      setText(entry.state, row.state.toLowerCase());
      enable(entry.buttons, row.state);
    }
    setText(entry.told, told(row));
    setText(entry.cpu, row.cpu || "");
    setText(entry.memory, row.memory || "");
    setText(entry.starts, row.starts == null ? "" : String(row.starts));
    if (opened === row.name) renewDetails();
  }
  function drop(name) {
    const group = groups.get(rows.get(name)?.group);
    shown.get(name)?.tr.remove();
    [rows, shown, history, selected].forEach((all) => all.delete(name));
    if (group && group.body.childElementCount === 1) { group.body.remove(); groups.delete(group.name); }
  }
  function pick(name, is) {
    is ? selected.add(name) : selected.delete(name);
    shown.get(name).tick.checked = is;
  }
  function count() {
    const states = {};
    for (const row of rows.values()) states[row.state] = (states[row.state] || 0) + 1;
    const order = ["FATAL", "BACKOFF", "UNKNOWN", "EXITED", "STOPPING", "STARTING", "STOPPED", "RUNNING"];
    setText(summary, order.filter((state) => states[state]).map((state) => `${states[state]} ${state.toLowerCase()}`).join(", "));
    const bad = (states.FATAL || 0) + (states.BACKOFF || 0);
    document.title = `${bad ? `(${bad}) ` : ""}Supervisor Status`;
    setText(scope, selected.size ? `${selected.size} selected:` : words().length ? "Shown:" : "All:");
    all.checked = selected.size > 0 && selected.size === rows.size;
    for (const group of groups.values()) {
      const members = [...rows.values()].filter((row) => row.group === group.name);
      const up = members.filter((row) => row.state === "RUNNING").length;
      // A program on its own needs no line above it.
      const alone = members.length === 1 && members[0].name === group.name;
      group.tr.hidden = alone;
      members.forEach((row) => shown.get(row.name).tr.classList.toggle("member", !alone));
      group.tick.checked = members.length > 0 && members.every((row) => selected.has(row.name));
      setText(group.fold, `${folded.has(group.name) ? "▸" : "▾"} ${group.name}  ${up} of ${members.length} running`);
      group.fold.setAttribute("aria-expanded", !folded.has(group.name));
    }
    none.hidden = rows.size > 0;
    table.hidden = rows.size === 0;
  }
  // What the filter and the folds let through.
  const words = () => filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const filtered = (row) => words().every((word) => `${row.name} ${row.state}`.toLowerCase().includes(word));
  function sift() {
    const visible = new Set(), all = !words().length;
    for (const [name, row] of rows) {
      const fits = filtered(row);
      if (fits) visible.add(row.group);
      shown.get(name).tr.hidden = !fits || (folded.has(row.group) && all);
    }
    for (const group of groups.values()) group.body.hidden = !visible.has(group.name);
    count();
  }
  function arrange() {
    const bytes = (text) => text ? parseFloat(text) * { K: 1, M: 1024, G: 1048576 }[text.slice(-1)] : -1;
    const key = { name: (row) => row.name, state: (row) => row.state, told: (row) => row.state === "RUNNING" ? -row.start : row.told,
      cpu: (row) => parseFloat(row.cpu || -1), memory: (row) => bytes(row.memory), starts: (row) => row.starts || 0 }[sorting];
    const compare = (a, b) => {
      const [x, y] = [key(a), key(b)];
      const order = typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0) : typeof x === "number" ? -1 : 1;
      return (descending ? -order : order) || (a.name < b.name ? -1 : 1);
    };
    const sorted = [...rows.values()].sort(compare);
    const seen = new Set();
    for (const row of sorted) {
      const { body } = groups.get(row.group);
      if (!seen.has(row.group)) { seen.add(row.group); table.append(body); }
      body.append(shown.get(row.name).tr);
    }
    for (const th of heads) th.setAttribute("aria-sort", th.key === sorting ? (descending ? "descending" : "ascending") : "none");
    sift();
  }

  // What happens.
  function happened(event) {
    eventList.prepend(el("li", {}, el("span.soft", {}, `${new Date(event.at * 1000).toLocaleTimeString()} `), el("strong", {}, event.name), ` ${event.payload}`));
    while (eventList.childElementCount > 500) eventList.lastChild.remove();
  }

  // The configuration.
  function showConfig() {
    const outcome = outcomeSpan(), difference = el("div");
    const list = el("div");
    const renew = async () => {
      const all = await (await fetch("web/config")).json();
      list.replaceChildren(...all.map((one) => el("details", {}, el("summary", {}, `${one.name}${one.active ? "" : " (not active)"}`),
        el("dl", {}, ...Object.entries(one).filter(([key]) => key !== "name").flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, String(value))])))));
    };
    const apply = button("Apply", async () => {
      if (!sure("Stop what is removed or changed, and start what is new?")) return;
      await act("apply", [], outcome);
      difference.replaceChildren();
      apply.disabled = true;
      renew();
    });
    apply.disabled = true;
    const reread = button("Read again", async () => {
      const answer = await act("reread", [], outcome);
      if (!answer) return;
      say(outcome, answer.error || "", answer.error);
      const lines = ["added", "changed", "removed"].flatMap((kind) => (answer[kind] || []).map((name) => el("li", {}, `${kind}: ${name}`)));
      difference.replaceChildren(lines.length ? el("ul.plain", {}, ...lines) : el("p", {}, answer.error ? "" : "The file says what is running."));
      apply.disabled = !lines.length;
      renew();
    });
    configBody.replaceChildren(el("div.bar", {}, reread, apply, outcome), difference, list);
    renew().catch(() => say(outcome, "no answer", true));
  }

  // One process.
  const dialog = el("dialog", { "aria-labelledby": "what", onclose: () => {
    // The event comes late: another process may be open by now.
    if (dialog.open) return;
    opened = null;
    unfollow();
    dialog.replaceChildren();
  } });
  const facts = el("dl"), graph = el("canvas", { width: 240, height: 48, role: "img", "aria-label": "Processor use of the last minutes" });
  function open(name) {
    opened = name;
    const outcome = outcomeSpan();
    const signal = signalChoice(`Send a signal to ${name}`);
    signal.addEventListener("change", () => { act("signal", [name], outcome, signal.value); signal.value = ""; });
    const row = rows.get(name);
    const buttons = ["Start", "Stop", "Restart"].map((text) => button(text, () => act(text.toLowerCase(), [name], outcome)));
    dialog.buttons = buttons;
    dialog.replaceChildren(
      el("div.bar", {}, el("h2.grow", { id: "what" }, name), graph, button("Close", () => dialog.close())),
      facts,
      el("div.bar", {}, ...buttons, button("Clear logs", () => act("clear", [name], outcome)), signal, outcome),
      ...logView(name, [row.out && "stdout", row.err && "stderr"].filter(Boolean)));
    renewDetails();
    if (!dialog.open) dialog.showModal();
  }
  function renewDetails() {
    const row = rows.get(opened);
    if (!row) return dialog.close();
    const ended = row.exit ? `${row.exit}, ${date(row.stop)}${row.exits > 1 ? `; ${row.exits} times so far` : ""}` : "not yet";
    const all = [["State", `${row.state.toLowerCase()}${told(row) ? `: ${told(row)}` : ""}`], ["Last start", `${date(row.start)}${row.starts > 1 ? `; ${row.starts} times so far` : ""}`], ["Last end", ended],
      row.spawnerr && ["Trouble", row.spawnerr], row.pid > 0 && ["Uses", `${row.cpu || "?"} % of a processor, ${row.memory || "?"} of memory`]].filter(Boolean);
    enable(dialog.buttons, row.state);
    facts.replaceChildren(...all.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
    draw();
  }
  function draw() {
    const values = history.get(opened) || [], pen = graph.getContext("2d");
    const most = Math.max(10, ...values);
    pen.clearRect(0, 0, 240, 48);
    pen.strokeStyle = getComputedStyle(graph).color;
    pen.lineWidth = 2;
    pen.beginPath();
    values.forEach((value, at) => pen.lineTo(at * 4 + 2, 45 - value / most * 42));
    pen.stroke();
  }

  // A log that grows: follows, pauses, searches, shows colours.
  function unfollow() { follower?.abort(); follower = null; }
  function logView(name, channels) {
    if (!channels.length) return [el("p", {}, "There is no log file.")];
    const view = el("pre.log", { tabindex: 0, role: "log", "aria-label": "Log", "aria-live": "off" });
    const search = el("input", { type: "search", placeholder: "Search", "aria-label": "Search the log", oninput: () => look() });
    const found = el("span.soft", { role: "status" }), files = el("span");
    const pause = el("button", { type: "button", "aria-pressed": "false", onclick: () => {
      const is = pause.getAttribute("aria-pressed") !== "true";
      pause.setAttribute("aria-pressed", is);
      pause.textContent = is ? "Follow" : "Pause";
      if (!is) { view.append(waiting); trim(); look(); bottom(); }
    } }, "Pause");
    const waiting = document.createDocumentFragment();
    const paused = () => pause.getAttribute("aria-pressed") === "true";
    const bottom = () => { view.scrollTop = view.scrollHeight; };
    const trim = () => { while (view.childElementCount > 5000) view.firstChild.remove(); };
    const fits = (line) => !search.value || line.textContent.toLowerCase().includes(search.value.toLowerCase());
    const look = () => {
      let hits = 0;
      for (const line of view.children) { line.hidden = !fits(line); hits += !line.hidden; }
      found.textContent = search.value ? `${hits} lines` : "";
    };
    let channel = channels[0];
    const parameters = (more) => new URLSearchParams({ ...(name ? { name } : {}), channel, ...more });
    const choice = el("select", { "aria-label": "Stream", onchange: () => { channel = choice.value; begin(); } }, ...channels.map((one) => el("option", {}, one)));
    async function begin() {
      unfollow();
      const mine = follower = new AbortController();
      view.replaceChildren();
      waiting.replaceChildren();
      let style = "", rest = "", line = null;
      const add = (text) => {
        const stay = !paused() && view.scrollHeight - view.scrollTop - view.clientHeight < 40;
        const lines = (rest + text).split("\n");
        rest = "";
        // An escape that is cut in two waits for its end.
        const cut = lines[lines.length - 1].search(/\x1b(\[[0-9;?]*)?$/);
        if (cut >= 0) { rest = lines[lines.length - 1].slice(cut); lines[lines.length - 1] = lines[lines.length - 1].slice(0, cut); }
        const target = paused() ? waiting : view;
        lines.forEach((text, at) => {
          if (!line && (text || at < lines.length - 1)) { line = el("div"); target.append(line); }
          if (line) { style = colour(line, text, style); line.hidden = !fits(line); }
          if (at < lines.length - 1) line = null;
        });
        while (waiting.childElementCount > 5000) waiting.firstChild.remove();
        if (!paused()) trim();
        if (stay) bottom();
        if (search.value) look();
      };
      try {
        const reply = await fetch(`web/log?${parameters()}`, { signal: mine.signal });
        if (!reply.ok) throw new Error(reply.status === 404 ? "There is no log file yet." : `status ${reply.status}`);
        const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let first = true; ; first = false) {
          const { done, value } = await reader.read();
          if (done) break;
          add(value);
          if (first) bottom();
        }
        add("\n— the log ended here —\n");
      } catch (error) {
        if (error.name !== "AbortError") add(`— ${error.message} —\n`);
      }
    }
    const listing = fetch(`web/logs?${name ? new URLSearchParams({ name }) : ""}`).then((reply) => reply.json()).then((list) => {
      const link = (file) => el("a", { href: `web/file?${new URLSearchParams({ ...(name ? { name } : {}), channel: file.channel, old: file.old })}`, download: true },
        `${file.channel}${file.old ? `.${file.old}` : ""} (${size(file.size)})`);
      files.append("Download: ", ...list.flatMap((file) => [link(file), " "]));
    });
    listing.catch(() => {});
    begin();
    return [el("div.bar", {}, channels.length > 1 ? choice : null, pause, search, found, files), view];
  }
  // Adds a line with its colours; gives the style that the next one begins with.
  function colour(line, text, style) {
    // eslint-disable-next-line no-control-regex
    const pattern = /\x1b\[([0-9;?]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.|[\x00-\x08\x0b-\x1f]/g;
    let from = 0;
    const put = (upto) => {
      const piece = text.slice(from, upto);
      if (piece) line.append(style ? el(`span.${style.trim().replace(/ +/g, ".")}`, {}, piece) : piece);
    };
    for (const match of text.matchAll(pattern)) {
      put(match.index);
      from = match.index + match[0].length;
      if (match[2] === "m") style = restyle(style, match[1]);
    }
    put(text.length);
    return style;
  }
  function restyle(style, codes) {
    const classes = new Set(style.split(" ").filter(Boolean));
    const without = (first) => [...classes].forEach((name) => { if (name[0] === first && name.length === 2) classes.delete(name); });
    const numbers = codes.split(";").map(Number);
    for (let at = 0; at < numbers.length; at++) {
      const code = numbers[at];
      if (code === 0) classes.clear();
      else if (code === 1) classes.add("b");
      else if (code === 2) classes.add("d");
      else if (code === 3) classes.add("i");
      else if (code === 4) classes.add("u");
      else if (code === 22) { classes.delete("b"); classes.delete("d"); }
      else if (code === 23) classes.delete("i");
      else if (code === 24) classes.delete("u");
      else if (code === 38 || code === 48) at += numbers[at + 1] === 5 ? 2 : 4;
      else if (code === 39 || code === 49) without(code === 39 ? "c" : "k");
      else if ((code >= 30 && code < 38) || (code >= 90 && code < 98)) { without("c"); classes.add(`c${code % 10}`); }
      else if ((code >= 40 && code < 48) || (code >= 100 && code < 108)) { without("k"); classes.add(`k${code % 10}`); }
    }
    return [...classes].join(" ");
  }

  // News from the daemon.
  function take(news) {
    if (news.head) {
      head = news.head;
      setText(title, head.identifier === "supervisor" ? "Supervisor" : `Supervisor ${head.identifier}`);
      lost.textContent = head.state === "RUNNING" ? "" : `supervisord: ${head.state.toLowerCase()}`;
    }
    const before = rows.size;
    const states = new Map([...(news.rows || [])].map((row) => [row.name, rows.get(row.name)?.state]));
    (news.rows || []).forEach(show);
    (news.gone || []).forEach(drop);
    (news.events || []).forEach(happened);
    if (rows.size !== before || news.gone) arrange();
    else if ((news.rows || []).some((row) => row.state !== states.get(row.name))) sift();
  }
  let source = null;
  function listen() {
    source?.close();
    source = new EventSource("web/events");
    source.addEventListener("all", (event) => {
      const all = JSON.parse(event.data);
      const names = new Set(all.rows.map((row) => row.name));
      [...rows.keys()].filter((name) => !names.has(name)).forEach(drop);
      eventList.replaceChildren();
      take(all);
      arrange();
    });
    source.addEventListener("news", (event) => take(JSON.parse(event.data)));
    source.onerror = () => {
      lost.textContent = "The connection to supervisord is lost; what is shown may be old. Trying again…";
      // After an answer that is none, a browser does not try again by itself.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (!document.hidden) listen(); }, 3000);
    };
  }
  // Who does not look costs nothing.
  document.addEventListener("visibilitychange", () => document.hidden ? source?.close() : listen());
  setInterval(() => {
    if (document.hidden) return;
    for (const [name, row] of rows) if (row.state === "RUNNING" && !shown.get(name).tr.hidden) setText(shown.get(name).told, told(row));
    if (opened) renewDetails();
  }, 1000);
  setInterval(() => {
    if (document.hidden) return;
    for (const [name, row] of rows) {
      const values = history.get(name) || [];
      values.push(parseFloat(row.cpu) || 0);
      if (values.length > 60) values.shift();
      history.set(name, values);
    }
  }, 2000);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || dialog.open) return;
    event.preventDefault();
    filter.focus();
  });

  const header = document.getElementById("header");
  const message = document.querySelector(".status_msg");
  header.append(title, summary);
  const place = header.nextElementSibling;
  place.replaceChildren(...(message ? [message] : []), lost, tabList, ...Object.values(panels), dialog);
  turnTo("Processes");
  listen();
})();
