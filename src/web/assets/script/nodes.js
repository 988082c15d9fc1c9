
// Nodes.

// Makes an element: `el("button.big", {onclick: f}, "text", child)`. An attribute that is false or absent is left out.
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
function svg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
const button = (text, does, label, kind) => el(kind ? `button.${kind}` : "button", { type: "button", onclick: does, "aria-label": label }, text);
const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const setHidden = (node, is) => { if (node.hidden !== is) node.hidden = is; };

// A state as a badge: sign, word, colour.
function badge(state) {
  const node = el("span.state", {}, el("i", { "aria-hidden": "true" }), el("span"));
  turn(node, state);
  return node;
}
function turn(node, state) {
  node.className = `state ${state.toLowerCase()}`;
  setText(node.firstChild, SIGNS[state] || "?");
  setText(node.lastChild, state.toLowerCase());
}

// Where an outcome is told, and read out.
const outcomeSpan = () => el("span.outcome", { role: "status" });
function say(place, text, bad) {
  if (!place) return;
  place.className = `outcome ${bad ? "bad" : bad === false ? "good" : "busy"}`;
  setText(place, `${bad ? "✕ " : bad === false ? "✓ " : ""}${text}`);
  clearTimeout(place.timer);
  if (bad === false) place.timer = setTimeout(() => setText(place, ""), 8000);
}

// Asks before something that cannot be undone. Resolves to whether it is meant.
function ask(question, verb, details) {
  return new Promise((answer) => {
    const dialog = el("dialog.ask", { "aria-labelledby": "question", onclose: () => { answer(dialog.returnValue === "yes"); dialog.remove(); } },
      el("form", { method: "dialog" }, el("h2", { id: "question" }, question), details ? el("p.soft", {}, details) : null,
        el("div.bar", {}, el("span.grow"), el("button", { value: "no" }, "Cancel"), el("button.danger", { value: "yes" }, verb))));
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector(".danger").focus();
  });
}

// A menu below a button: `[text, does, isOff]` or null for a line. Arrow keys walk, letters jump, Escape closes.
let openMenu = null;
function menu(anchor, label, items) {
  const again = openMenu?.anchor === anchor;
  openMenu?.close();
  if (again) return;
  const choices = items.map((item) => item && el("button", { type: "button", role: "menuitem", tabindex: -1, disabled: item[2], onclick: () => { close(true); item[1](); } }, item[0]));
  const node = el("div.menu", { role: "menu", "aria-label": label, onkeydown: (event) => {
    const usable = choices.filter((choice) => choice && !choice.disabled), at = usable.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") { event.preventDefault(); close(true); }
    else if (to != null) { event.preventDefault(); usable[(to + usable.length) % usable.length].focus(); }
    else if (event.key.length === 1) [...usable.slice(at + 1), ...usable.slice(0, at + 1)].find((choice) => choice.textContent.toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  } }, ...choices.map((choice) => choice || el("hr")));
  const close = (back) => {
    node.remove();
    openMenu = null;
    anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    if (back) anchor.focus();
  };
  const outside = (event) => { if (!node.contains(event.target) && event.target !== anchor) close(false); };
  openMenu = { anchor, close, top: anchor.getBoundingClientRect().top };
  anchor.setAttribute("aria-expanded", "true");
  (anchor.closest("dialog, [role=main]") || document.body).append(node);
  const place = anchor.getBoundingClientRect();
  node.style.left = `${Math.max(4, Math.min(place.right - node.offsetWidth, innerWidth - node.offsetWidth - 4))}px`;
  node.style.top = `${Math.max(4, place.bottom + node.offsetHeight + 4 > innerHeight ? place.top - node.offsetHeight - 2 : place.bottom + 2)}px`;
  document.addEventListener("pointerdown", outside, true);
  choices.find((choice) => choice && !choice.disabled)?.focus();
}
const menuButton = (text, label, items, kind) => {
  const node = button(text, () => menu(node, label, items()), label, kind);
  node.setAttribute("aria-haspopup", "menu");
  node.setAttribute("aria-expanded", "false");
  return node;
};
// A little scrolling may still come after the click that opened it.
addEventListener("scroll", () => { if (openMenu && Math.abs(openMenu.anchor.getBoundingClientRect().top - openMenu.top) > 80) openMenu.close(false); }, { passive: true });
addEventListener("resize", () => openMenu?.close(false));

// What a browser keeps of how somebody likes the page; it may refuse.
function keep(name, value) { try { localStorage.setItem(`supervisor.${name}`, JSON.stringify(value)); } catch { /* then not */ } }
function kept(name, otherwise) { try { return JSON.parse(localStorage.getItem(`supervisor.${name}`)) ?? otherwise; } catch { return otherwise; } }
