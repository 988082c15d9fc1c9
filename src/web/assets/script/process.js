
// One process: what it does, how it ended, its logs, events and configuration.

let opened = null; // its name
const dialog = el("dialog.process", { "aria-labelledby": "what", onclose: () => { if (opened) closeProcess(); } });
const eventsOf = []; // what is known of events, the newest last

function openProcess(name) {
  const row = rows.get(name);
  if (!row) return closeProcess();
  opened = name;
  const outcome = outcomeSpan(), state = badge(row.state), facts = el("dl"), end = el("section.end", { "aria-label": "Last exit" }), line = historyLine(300, 48), events = el("ol.plain.events");
  const buttons = ["Start", "Stop", "Restart"].map((text) => button(text, () => act(text.toLowerCase(), [name], outcome)));
  const more = menuButton("More", `More actions for ${name}`, () => deedItems(() => [name], outcome, name, rows.get(name)?.state).slice(3));
  const config = el("details", { ontoggle: () => { if (config.open && config.childElementCount === 1) fillConfig(); } }, el("summary", {}, "Configuration"));
  const history = el("details", {}, el("summary", {}, "Events of this process"), events);
  async function fillConfig() {
    const all = await (await fetch("web/config")).json();
    const one = all.flatMap((group) => group.processes).find((process) => process.name === name);
    config.append(one ? optionTable(one) : el("p", {}, "It is not in the file."));
  }
  const log = el("div.logplace");
  const last = { exits: null };
  dialog.renew = () => {
    const row = rows.get(name);
    if (!row) return closeProcess();
    turn(state, row.state);
    enable(buttons, row.state);
    const running = row.pid > 0;
    const pairs = [["Now", running ? `pid ${row.pid}, up ${lasting(clock() - row.start)}` : told(row) || trouble(row) || row.state.toLowerCase()],
      running && ["Uses", `${row.cpu ?? "…"} % of a processor, ${row.memory || "…"} of memory`],
      row.start && ["Last start", `${dateOf(row.start)} (${many(row.starts, "start")}, ${row.restarts || 0} of them by itself)`]].filter(Boolean);
    const text = pairs.flat().join("\n");
    if (facts.text !== text) {
      facts.text = text;
      facts.replaceChildren(...pairs.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
    }
    line.draw(name);
    explain(end, row, last);
  };
  dialog.tell = (list) => {
    events.prepend(...list.filter((event) => event.who === name).reverse().map((event) => eventItem(event, false)));
    while (events.childElementCount > 50) events.lastChild.remove();
  };
  dialog.replaceChildren(
    el("div.bar.top", {}, state, el("h2.grow", { id: "what", tabindex: -1, autofocus: true }, name), button("Close", closeProcess, "Close, back to the processes")),
    el("div.bar", {}, ...buttons, more, outcome),
    el("div.two", {}, facts, el("figure", {}, line.node, el("figcaption.soft", {}, "The last 5 minutes: processor use above, state below, unexpected ends across"))),
    end, log, history, config);
  dialog.renew();
  dialog.tell(eventsOf);
  logView(log, name, [row.out && "stdout", row.err && "stderr"].filter(Boolean));
  dialog.log = log;
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}
function closeProcess() {
  const was = opened;
  opened = null;
  leave.get(dialog.log)?.();
  if (dialog.open) dialog.close();
  if (here().startsWith("process=")) goBack();
  if (was) shown.get(was)?.name.focus({ preventScroll: true });
}

// The last exit: how, when, how often, what it means, what was said last, what else is known.
async function explain(section, row, last) {
  const end = lastEnd(row);
  const mark = `${row.exits} ${row.spawnerr} ${row.state}`;
  if (last.mark !== mark) {
    last.mark = mark;
    const parts = [];
    if (end) {
      const before = row.ends.slice(0, -1).reverse();
      last.when = el("span.soft");
      parts.push(el("h3", {}, el("span", { class: end[2] ? "" : "bad" }, `${end[2] ? "" : "✕ "}${end[1][0].toUpperCase()}${end[1].slice(1)}`), end[2] ? el("span.soft", {}, ", as expected") : ", not expected"), el("p", {}, last.when));
      const words = meaning(end[1]);
      if (words) parts.push(el("p", {}, words));
      if (before.length) parts.push(el("p.soft", {}, `Before that: ${before.slice(0, 8).map(([at, how]) => `${how} at ${dateOf(at)}`).join("; ")}`));
    }
    if (row.spawnerr && !UP.includes(row.state) && (!end || ["FATAL", "BACKOFF"].includes(row.state))) parts.push(el("p.bad", {}, row.spawnerr.replace(" (process log may have details)", ", before it counted as running")));
    else if (!end && row.state !== "FATAL") parts.push(el("p.soft", {}, "It has not ended yet."));
    const lines = el("div.log.last", { tabindex: 0, hidden: true, role: "group", "aria-label": "Last lines before it ended" });
    section.replaceChildren(...parts, lines);
    section.classList.toggle("calm", !end || end[2]);
    if (end && !end[2] && row.exits !== last.exits) lastLines(row, lines);
  }
  if (end && last.when) setText(last.when, `${dateOf(end[0])}, ${ago(end[0])}; ${many(row.exits, "end")} so far`);
}
// What it wrote last, to stderr if it writes there.
async function lastLines(row, place) {
  for (const channel of [row.err && "stderr", row.out && "stdout"].filter(Boolean)) {
    const reply = await fetch(`web/file?${new URLSearchParams({ name: row.name, channel, last: 3000 })}`).catch(() => null);
    const text = reply?.ok ? (await reply.text()).trimEnd() : "";
    if (!text) continue;
    let style = "";
    place.replaceChildren(el("div.soft", {}, `Last lines of ${channel}:`), ...text.split("\n").slice(-6).map((one) => {
      const line = el("div");
      style = colour(line, one, style);
      return line;
    }));
    place.hidden = false;
    return;
  }
}
