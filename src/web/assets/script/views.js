
// The other views: events, the configuration, the daemon's own log.

// An event for people: of a process which one and from where to where, of others what the daemon tells.
function understand(event) {
  const pairs = Object.fromEntries(event.payload.split(/\s+/).filter((word) => word.includes(":")).map((word) => [word.slice(0, word.indexOf(":")), word.slice(word.indexOf(":") + 1)]));
  const { processname, groupname, from_state: from, pid, tries, expected } = pairs;
  if (processname && groupname) event.who = processname === groupname ? processname : `${groupname}:${processname}`;
  const state = event.name.startsWith("PROCESS_STATE_") ? event.name.slice(14) : null;
  if (state) Object.assign(event, { state, from, more: [pid && pid !== "0" && `pid ${pid}`, tries && `try ${tries}`, expected && (expected === "1" ? "expected" : "not expected")].filter(Boolean).join(", ") });
  return event;
}
function eventItem(event, isWhole) {
  const time = el("time", { datetime: new Date(event.at * 1000).toISOString() }, timeOf(event.at));
  if (!event.state) return el("li", {}, time, el("b", {}, event.name.toLowerCase().replaceAll("_", " ")), " ", el("span.soft", {}, event.who || event.payload));
  return el("li", {}, time, badge(event.state), isWhole && rows.has(event.who) ? button(event.who, () => visit(event.who), null, "link") : isWhole ? el("b", {}, event.who) : null,
    el("span.soft", {}, ` from ${event.from?.toLowerCase()}${event.more ? `, ${event.more}` : ""}`));
}
const eventList = el("ol.plain.events");
const eventFilter = el("input", { type: "search", placeholder: "Filter", "aria-label": "Filter events", oninput: () => { for (const item of eventList.children) siftEvent(item); } });
const siftEvent = (item) => setHidden(item, !item.textContent.toLowerCase().includes(eventFilter.value.toLowerCase()));
const noEvents = el("p.soft", {}, "Nothing has happened since somebody looks. What happens is shown here at once.");
const eventPanel = el("div", {}, el("div.bar", {}, eventFilter), noEvents, eventList);
function happened(list) {
  list.forEach(understand);
  eventsOf.push(...list);
  eventsOf.splice(0, eventsOf.length - 1000);
  const items = list.map((event) => eventItem(event, true)).reverse();
  items.forEach(siftEvent);
  eventList.prepend(...items);
  while (eventList.childElementCount > 1000) eventList.lastChild.remove();
  setHidden(noEvents, eventList.childElementCount > 0);
  if (opened) dialog.tell(list);
}

// The configuration: every option as the file has it, beside it what runs where that differs.
const configPanel = el("div");
// AUTO is a file of its own at each start: no difference, as in a reread.
const differs = ({ file, running }, option) => running && file && ![file[option], running[option]].includes("AUTO") && String(file[option] ?? "") !== String(running[option] ?? "");
function optionTable(process) {
  const { file, running } = process;
  const options = [...new Set([...Object.keys(file || {}), ...Object.keys(running || {})])].filter((option) => String((file || {})[option] ?? "") !== "" || String((running || {})[option] ?? "") !== "");
  const isTwo = running && file;
  options.sort((a, b) => differs(process, b) - differs(process, a) || 0);
  return el("table.options", {}, el("caption.unseen", {}, `Options of ${process.name}`), el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Option"), ...(isTwo ? [el("th", { scope: "col" }, "Running"), el("th", { scope: "col" }, "In the file")] : [el("th", { scope: "col" }, "Value")]))),
    el("tbody", {}, ...options.map((option) => {
      const is = differs(process, option);
      const values = isTwo ? [running[option], file[option]] : [(file || running)[option]];
      return el(is ? "tr.differs" : "tr", {}, el("th", { scope: "row" }, option, is ? el("span.unseen", {}, " (differs)") : null), ...values.map((value) => el("td", {}, String(value ?? ""))));
    })));
}
const STATUS = { added: "+ added", changed: "≠ changed", removed: "− removed" };
function showConfig() {
  const outcome = outcomeSpan(), list = el("div"), state = el("p", { role: "status" });
  const search = el("input", { type: "search", placeholder: "Filter", "aria-label": "Filter the configuration by name", oninput: () => sift() });
  const sift = () => { for (const item of list.children) setHidden(item, !item.name.includes(search.value.toLowerCase())); };
  const renew = async () => {
    const all = await (await fetch("web/config")).json();
    const other = all.filter((group) => group.status !== "same");
    setText(state, other.length ? `The file as it was read last differs from what runs in ${many(other.length, "group")}.` : "What runs is what the file says, as it was read last.");
    apply.disabled = !other.length;
    list.replaceChildren(...all.map((group) => {
      const isOther = group.status !== "same", own = outcomeSpan();
      const inner = el("div.inner");
      const fill = () => { if (!inner.firstChild) inner.append(...group.processes.map((process) => el("section", {}, group.processes.length > 1 || process.name !== group.name ? el("h2.small", {}, process.name) : null, optionTable(process)))); };
      const item = el("details.config", { open: isOther, ontoggle: () => { if (item.open) fill(); } }, el("summary", {}, el("b", {}, group.name), group.processes.length > 1 ? el("span.soft", {}, ` ${group.processes.length} processes`) : null,
        isOther ? el(`span.mark.${group.status}`, {}, STATUS[group.status]) : null),
      isOther ? el("div.bar", {}, button(`Apply to ${group.name}`, () => run([group.name], own)), own) : null, inner);
      item.name = [group.name, ...group.processes.map((process) => process.name)].join(" ").toLowerCase();
      if (isOther) fill();
      return item;
    }));
    sift();
  };
  async function run(names, place) {
    const whose = names.length ? `the file to ${names[0]}` : "the file to all groups that differ";
    if (!await ask(`Apply ${whose}?`, "Apply", "As supervisorctl update does: the file is read again; what is gone or changed is stopped and removed, what is new or changed is added and started.")) return;
    const outcomes = await act("apply", names, place);
    if (!outcomes) return;
    const text = outcomes.map((one) => `${one.name} ${one.text}`).join(", ") || "nothing to do";
    await renew();
    say(outcome, text, outcomes.some((one) => !one.ok));
  }
  const apply = button("Apply all…", () => run([], outcome));
  apply.disabled = true;
  const reread = button("Read the file again", async () => {
    const answer = await act("reread", [], outcome);
    if (!answer) return;
    say(outcome, answer.error || "read", Boolean(answer.error));
    renew();
  });
  configPanel.replaceChildren(el("div.bar", {}, search, reread, apply, outcome), state, list);
  renew().catch(() => say(outcome, "no answer", true));
}

const mainPanel = el("div");
function showMain() {
  if (head.log) logView(mainPanel, null, ["main"]);
  else mainPanel.replaceChildren(el("p.soft", {}, "supervisord writes no log file."));
}
