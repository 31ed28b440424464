// The report's script: walking through the holders, the path panel, sorting and filtering, arenas.
//
// What is to be read stands in the HTML already; this adds what one does. It reads the block #data
// (see report.h) and keeps no state but `state`, which is also in the address behind the #, so that
// a copied address opens the same spot. Texts from the data are only ever set as textContent.
(() => {
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const H = data.holders, S = data.steps, texts = data.texts, types = data.types;
const byId = (id) => document.getElementById(id);
document.documentElement.classList.add("script");
// Tables that stand for pictures are open where there are no pictures.
for (const twin of document.querySelectorAll("details.twin")) twin.open = false;

// ---- words ----

const NBSP = "\u00a0";
function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  if (n < 1024) return n + NBSP + "B";
  while (n >= 1023.5 && unit < 4) { n /= 1024; unit++; }
  return n.toFixed(n < 9.995 ? 2 : n < 99.95 ? 1 : 0) + NBSP + units[unit];
}
const count = (n) => n.toLocaleString("en-US");
function share(part, whole) {
  const percent = whole ? 100 * part / whole : 0;
  if (percent >= 99.95) return "100" + NBSP + "%";
  if (percent > 0 && percent < 0.1) return "<0.1" + NBSP + "%";
  return percent.toFixed(1) + NBSP + "%";
}
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
function say(text) { byId("live").textContent = text; }

// ---- the tree ----

const children = H.parent.map(() => []);
for (let i = 1; i < H.parent.length; i++) children[H.parent[i]].push(i);
for (const list of children) list.sort((a, b) => H.holds[b] - H.holds[a]);

const suspects = new Set(data.findings.map((f) => f.address).filter(Boolean));
const typeName = (i) => i === 0 ? "the heap" : types[H.type[i]][0];
const kind = (i) => i === 0 ? 5 : types[H.type[i]][1];
const label = (i) => texts[H.label[i]];
const isSuspect = (i) => H.count[i] === 1 && suspects.has(H.address[i]);
function what(i) {
  return H.count[i] > 1 ? count(H.count[i]) + NBSP + "× " + typeName(i) : typeName(i);
}
function name(i) {
  if (i === 0) return "the heap";
  return label(i) ? label(i) + " " + what(i) : what(i);
}

// A row and those below it that hold nearly all of it are one box.
const FOLD = 0.97;
function chainFrom(i) {
  const chain = [i];
  for (;;) {
    const last = chain[chain.length - 1], only = children[last][0];
    if (only === undefined || H.holds[only] < FOLD * H.holds[last] || chain.length >= 6) return chain;
    if (isSuspect(last)) return chain;
    chain.push(only);
  }
}

// ---- state ----

const table = byId("typetable"), filter = byId("filter"), grown = byId("grown");
const heads = [...table.querySelectorAll("thead th")];

const state = { root: 0, selected: 0 };
function keepState() {
  const address = (i) => i && H.count[i] === 1 ? H.address[i] : String(i);
  const sorted = heads.find((h) => h.hasAttribute("aria-sort")), theme = document.documentElement.dataset.theme;
  let text = "#at=" + address(state.root) + "," + address(state.selected);
  if (sorted && (sorted.textContent !== "Holds" || sorted.getAttribute("aria-sort") !== "descending"))
    text += "&sort=" + encodeURIComponent(sorted.textContent) + "," + sorted.getAttribute("aria-sort");
  if (filter.value) text += "&filter=" + encodeURIComponent(filter.value);
  if (grown && grown.checked) text += "&grown";
  if (theme) text += "&theme=" + theme;
  history.replaceState(null, "", text);
}
function rowOf(text) {
  if (/^0x/.test(text)) {
    for (let i = 1; i < H.parent.length; i++) if (H.count[i] === 1 && H.address[i] === text) return i;
    return 0;
  }
  const i = parseInt(text, 10);
  return i > 0 && i < H.parent.length ? i : 0;
}

// ---- the icicle ----

const icicle = byId("icicle"), strip = byId("strip");
const SMALLEST = 5, GAP = 2;
let boxes = []; // {row, last, element, column, parent, first, index}

function boxLook(element, box, width, height) {
  const chain = box.chain, last = box.last;
  const size = bytes(H.holds[box.row]);
  const part = share(H.holds[box.row], H.holds[0]);
  element.classList.add("b" + kind(last));
  if (H.count[last] > 1) element.classList.add("many");
  element.title = chain.map(name).join("\n") + "\nholds " + size + " (" + part + "), retained " +
    count(H.holds[box.row]) + " bytes; own " + bytes(H.own[last]);
  if (height < 13) return;
  if (height < 54) {
    element.classList.add("line");
    const labels = chain.map(label).filter(Boolean).join("").slice(-40);
    if (labels && width > 130) element.append(make("b", "", labels));
    element.append(make("span", "", what(last)));
    if (width > 110) element.append(make("span", "size", size));
    return;
  }
  const room = Math.max(1, Math.floor((height - 4 - 34) / 16));
  const steps = chain.filter((i) => label(i)).slice(-room);
  for (const i of steps) element.append(make("b", "", label(i)));
  element.append(make("span", "", what(last)));
  element.append(make("span", "size", size + " · " + part));
  if (chain.some(isSuspect) && height > 54 + 20 + 16 * steps.length - 16)
    element.append(make("span", "tag", "accumulation point"));
}

function addBox(parent, chain, column, x, y, width, height) {
  const element = make("div", "box");
  const last = chain[chain.length - 1];
  Object.assign(element.style, { left: x + "px", top: y + "px", width: width + "px", height: height + "px" });
  element.setAttribute("role", "treeitem");
  element.setAttribute("aria-level", column + 1);
  element.setAttribute("aria-selected", "false");
  element.setAttribute("aria-label", chain.map(name).join(" ") + ", holds " + bytes(H.holds[chain[0]]) + ", " +
    share(H.holds[chain[0]], H.holds[0]) + ", " + children[last].length + " children");
  element.tabIndex = -1;
  const box = { row: chain[0], last, chain, element, column, parent, first: -1, index: boxes.length };
  element.dataset.box = box.index;
  boxLook(element, box, width, height);
  icicle.append(element);
  boxes.push(box);
  return box;
}

function addRest(number, size, x, y, width, height) {
  const element = make("div", "box rest");
  Object.assign(element.style, { left: x + "px", top: y + "px", width: width + "px", height: height + "px" });
  element.title = count(number) + " smaller, " + bytes(size) + " together";
  if (height >= 15) {
    element.classList.add("line");
    element.append(make("span", "", count(number) + " smaller"), make("span", "size", bytes(size)));
  }
  element.setAttribute("aria-hidden", "true");
  icicle.append(element);
}

// Children of `row` into the column, between top and top + height, all at the scale of the view.
function layOut(parent, row, column, top, scale, columns, columnWidth) {
  let y = top, restCount = H.rest_count[row], restBytes = H.rest[row];
  const x = column * columnWidth;
  for (const child of children[row]) {
    const height = H.holds[child] * scale;
    if (height < SMALLEST) {
      restCount += H.count[child];
      restBytes += H.holds[child];
      continue;
    }
    const chain = chainFrom(child);
    const box = addBox(parent, chain, column, x, y, columnWidth - 3, Math.max(height - GAP, 2));
    if (parent && parent.first < 0) parent.first = box.index;
    if (column + 1 < columns) layOut(box, box.last, column + 1, y, scale, columns, columnWidth);
    y += height;
  }
  const height = restBytes * scale;
  if (height >= 2) addRest(restCount, restBytes, x, y, columnWidth - 3, Math.max(height - GAP, 1.5));
}

function depthOf(row, scale, limit) {
  let deepest = 0;
  for (const child of children[row]) {
    if (H.holds[child] * scale < SMALLEST) break;
    const chain = chainFrom(child);
    deepest = Math.max(deepest, 1 + (limit > 1 ? depthOf(chain[chain.length - 1], scale, limit - 1) : 0));
    if (deepest >= limit) break;
  }
  return deepest;
}

function drawStrip() {
  strip.replaceChildren();
  const text = state.root ? bytes(H.holds[state.root]) + " of " + bytes(H.holds[0]) : "heap · " + bytes(H.holds[0]);
  const mark = make("i");
  mark.style.height = (100 * H.holds[state.root] / (H.holds[0] || 1)) + "%";
  mark.style.top = "0";
  strip.append(mark, make("span", "", text));
  strip.title = state.root ? "out again (Esc)" : "the whole heap";
  strip.setAttribute("aria-label", state.root ? "Out again, now at " + name(state.root) : "The whole heap");
}

function drawCrumbs() {
  const crumbs = byId("crumbs"), way = [];
  for (let i = state.root; ; i = H.parent[i]) { way.unshift(i); if (i === 0) break; }
  crumbs.replaceChildren();
  const shown = way.length > 5 ? [way[0], ...way.slice(-4)] : way;
  shown.forEach((i, at) => {
    if (at === shown.length - 1) {
      crumbs.append(make("b", "", i ? name(i) : "heap"), make("span", "hint", bytes(H.holds[i])));
      return;
    }
    const button = make("button", "", i ? name(i) : "heap");
    button.type = "button";
    button.addEventListener("click", () => goTo(i, i));
    crumbs.append(button, make("span", "hint", way.length > 5 && at === 0 ? "› … ›" : "›"));
  });
}

function draw() {
  const width = icicle.clientWidth, height = icicle.clientHeight;
  boxes = [];
  icicle.replaceChildren();
  const scale = (height - 1) / (H.holds[state.root] || 1);
  const most = Math.max(2, Math.min(5, Math.floor(width / 165)));
  const columns = Math.max(1, depthOf(state.root, scale, most));
  const columnWidth = Math.min(width / columns, Math.max(280, width / most));
  layOut(null, state.root, 0, 0, scale, columns, columnWidth);
  drawStrip();
  drawCrumbs();
  mark();
  highlight();
}

function mark() {
  let found = false;
  for (const box of boxes) {
    const is = !found && box.chain.includes(state.selected);
    found = found || is;
    box.element.setAttribute("aria-selected", String(is));
    box.element.tabIndex = is ? 0 : -1;
  }
  if (!found && boxes.length) boxes[0].element.tabIndex = 0;
}

function select(box, focus) {
  state.selected = box.last;
  mark();
  showPath();
  keepState();
  if (focus) box.element.focus({ preventScroll: true });
  say(name(box.last) + ", holds " + bytes(H.holds[box.last]));
}

function goTo(root, selected) {
  state.root = root;
  state.selected = selected;
  draw();
  const best = boxes.find((b) => b.chain.includes(selected)) || boxes[0];
  if (best) select(best, true); else { showPath(); keepState(); }
}

function walkIn(box) {
  if (children[box.last].length) goTo(box.last, children[box.last][0]);
}
function walkOut() {
  if (state.root === 0) return;
  const was = state.root;
  let up = H.parent[was];
  while (up && children[up].length === 1) up = H.parent[up];
  goTo(up, was);
}

icicle.addEventListener("click", (event) => {
  const element = event.target.closest("[data-box]");
  if (!element) return;
  const box = boxes[element.dataset.box];
  if (box.element.getAttribute("aria-selected") === "true") walkIn(box); else select(box, true);
});
strip.addEventListener("click", walkOut);

icicle.addEventListener("keydown", (event) => {
  const element = event.target.closest("[data-box]");
  if (!element) return;
  const box = boxes[element.dataset.box];
  const beside = (step) => {
    for (let i = box.index + step; i >= 0 && i < boxes.length; i += step)
      if (boxes[i].column === box.column) return boxes[i];
    return null;
  };
  let to = null;
  switch (event.key) {
  case "ArrowRight":
    if (box.first >= 0) to = boxes[box.first];
    else { walkIn(box); event.preventDefault(); return; }
    break;
  case "ArrowLeft":
    if (box.parent) to = box.parent;
    else { walkOut(); event.preventDefault(); return; }
    break;
  case "ArrowDown": to = beside(1); break;
  case "ArrowUp": to = beside(-1); break;
  case "Enter": case " ": walkIn(box); event.preventDefault(); return;
  default: return;
  }
  event.preventDefault();
  if (to) select(to, true);
});

// ---- why it is alive ----

function stepsOf(row) {
  const way = [];
  for (let i = H.path[row]; i !== null && i !== undefined; i = S.parent[i]) way.unshift(i);
  return way;
}

function expressionOf(way) {
  let text = "";
  for (let at = 0; at < way.length; at++) {
    const i = way[at];
    if (S.folded[i] && at + 1 < way.length) continue;
    if (!S.expression[i]) return null;
    text += texts[S.expression[i]];
  }
  return text;
}

function copyable(text) {
  const span = make("span", "command"), button = make("button", "copy", "Copy");
  button.type = "button";
  button.dataset.copy = text;
  span.append(make("code", "", text), button);
  return span;
}

function showPath() {
  const panel = byId("alive"), row = state.selected;
  panel.replaceChildren();
  if (!row) {
    panel.append(make("p", "", "Select a box to see what keeps it alive."));
    return;
  }
  const way = stepsOf(row);
  const list = make("ol");
  const shown = way.filter((i, at) => !(S.folded[i] && at + 1 < way.length));
  const cut = shown.length > 14;
  shown.forEach((i, at) => {
    if (cut && at >= 7 && at < shown.length - 6) {
      if (at === 7) list.append(make("li", "", (shown.length - 13) + " more steps"));
      return;
    }
    const item = make("li"), dot = make("i");
    dot.style.setProperty("--c", "var(--k" + types[S.type[i]][1] + ")");
    item.style.setProperty("--w", Math.max(2, Math.min(10, 10 * Math.sqrt(S.holds[i] / (H.holds[0] || 1)))) + "px");
    item.append(dot, make("span", "holds", bytes(S.holds[i])));
    if (texts[S.label[i]]) item.append(make("code", "", texts[S.label[i]]), make("br"));
    item.append(make("b", "", types[S.type[i]][0]), " ", make("small", "", S.address[i]));
    if (suspects.has(S.address[i])) item.append(make("br"), make("span", "tag", "accumulation point"));
    list.append(item);
  });
  if (H.count[row] > 1)
    panel.append(make("p", "", what(row) + ": the way to the biggest of them."));
  panel.append(list);
  const last = make("p");
  last.append(H.count[row] > 1 ? "All of them together hold " : "Without it ",
              make("b", "", bytes(H.holds[row])), H.count[row] > 1 ? "." : " would be freed.");
  if (!way.length) last.append(" The path is not told: it is reached by native code alone, or it is one of many small ones.");
  panel.append(last);
  if (H.count[row] === 1) {
    const text = way.length ? expressionOf(way) : null;
    panel.append(copyable("brille path " + data.name + " " + H.address[row]));
    if (text) { panel.append(make("p", "", "In Python:")); panel.append(copyable(text)); }
    else if (way.length) panel.append(make("p", "", "In Python there is no expression for it that does not show a key."));
  }
}

// ---- types: sorting and filtering ----

function sortBy(number, descending) {
  const body = table.tBodies[0], column = heads[number].cellIndex;
  const key = (row) => column ? Number(row.cells[column].dataset.v) : row.cells[0].textContent;
  const rows = [...body.rows].sort((a, b) => {
    const x = key(a), y = key(b);
    return (x < y ? -1 : x > y ? 1 : 0) * (descending ? -1 : 1);
  });
  rows.forEach((row, i) => row.classList.toggle("extra", i >= 20));
  body.append(...rows);
  heads.forEach((head, i) => {
    if (i === number) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
  keepState();
  say("sorted by " + heads[number].textContent);
}
heads.forEach((head, i) => head.querySelector("button").addEventListener("click", () =>
  sortBy(i, head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") !== "descending" : i > 0)));

function applyFilter() {
  const text = filter.value.trim().toLowerCase(), only = grown && grown.checked;
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    const ok = row.cells[0].textContent.toLowerCase().includes(text) &&
      (!only || Number(row.cells[2].dataset.v) > 0);
    row.classList.toggle("hidden", !ok);
    row.classList.toggle("found", ok && (text !== "" || only));
    shown += ok;
  }
  highlight();
  keepState();
  if (text || only) say(shown + " types");
}
// The next box, shown or not, that matches the filter.
function nextMatch(step) {
  const text = filter.value.trim().toLowerCase(), rows = H.parent.length;
  if (!text) { say("nothing is filtered ( / )"); return; }
  for (let i = state.selected + step, tried = 0; tried < rows; i += step, tried++) {
    const row = (i % rows + rows) % rows;
    if (!row || !name(row).toLowerCase().includes(text)) continue;
    goTo(viewFor(row), row);
    byId("holders").scrollIntoView();
    return;
  }
  say("no box matches");
}
function highlight() {
  const text = filter.value.trim().toLowerCase();
  for (const box of boxes)
    box.element.classList.toggle("dim", text !== "" && !box.chain.some((i) => name(i).toLowerCase().includes(text)));
}
filter.addEventListener("input", applyFilter);
if (grown) grown.addEventListener("change", applyFilter);
table.tBodies[0].addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (!row || String(getSelection())) return;
  const type = Number(row.dataset.type);
  let best = 0;
  for (let i = 1; i < H.parent.length; i++)
    if (H.type[i] === type && (!best || H.holds[i] > H.holds[best])) best = i;
  if (!best) { say("all objects of this type are inside smaller boxes"); return; }
  goTo(Math.max(0, viewFor(best)), best);
  byId("holders").scrollIntoView();
});
// The nearest row above from which the row is big enough to be seen.
function viewFor(row) {
  let root = H.parent[row];
  const height = icicle.clientHeight;
  for (let up = root; up; up = H.parent[up])
    if (H.holds[row] / H.holds[up] * height >= 40 && depthBetween(up, row) <= 3) root = up;
  return H.holds[row] / H.holds[0] * height >= 40 && depthBetween(0, row) <= 3 ? 0 : root;
}
function depthBetween(up, row) {
  let depth = 0;
  for (let i = row; i !== up && i; i = H.parent[i]) depth++;
  return depth;
}
for (const button of document.querySelectorAll(".more"))
  button.addEventListener("click", () => { button.closest(".card").classList.add("all"); button.remove(); });

// ---- arenas ----

const grid = byId("arenagrid");
let arena = 0;
function showArena(i) {
  const a = data.arenas[i], pools = byId("pools");
  const marks = grid.children;
  marks[arena].setAttribute("aria-selected", "false");
  arena = i;
  marks[i].setAttribute("aria-selected", "true");
  byId("arenaname").textContent = "Arena " + a.address;
  byId("arenapools").textContent = a.pools ? a.pools.length + " pools × " + bytes(a.capacity / Math.max(1, a.pools.length)) : "";
  pools.replaceChildren();
  for (const pool of a.pools || []) {
    const block = Math.floor(pool / 101) * 16, fill = pool % 101;
    const cell = make("span", pool ? "" : "free"), bar = make("i");
    bar.style.height = fill + "%";
    cell.title = pool ? "blocks of " + block + " bytes, " + fill + " % in use" : "free pool";
    cell.append(bar, make("b", "", pool ? String(block) : ""));
    pools.append(cell);
  }
  byId("arenanote").textContent = share(a.used, a.capacity) + " in use by " + count(a.objects) + " objects" +
    (a.type !== undefined ? ", most of them " + types[a.type][0] + " (" + count(a.type_count) + ")" : "") +
    (a.pools ? ". Fill is the share in use, the number the size of a block; dashed is free." : ". Its pools are left out of this file.");
}
function drawArenas() {
  if (!grid || !data.arenas.length) return;
  grid.classList.toggle("few", data.arenas.length <= 160);
  data.arenas.forEach((a, i) => {
    const use = a.used / a.capacity;
    const cell = make("span", "a" + (use < .25 ? 0 : use < .5 ? 1 : use < .75 ? 2 : use < .95 ? 3 : 4));
    if (a.objects < 16) cell.classList.add("pin");
    cell.setAttribute("role", "option");
    cell.setAttribute("aria-selected", "false");
    cell.setAttribute("aria-label", "arena " + a.address + ", " + share(a.used, a.capacity) + " in use");
    cell.title = share(a.used, a.capacity) + " in use, " + count(a.objects) + " objects";
    cell.dataset.arena = i;
    grid.append(cell);
  });
  byId("arenashown").textContent = data.arenas.length < data.arena_count
    ? count(data.arenas.length) + " of " + count(data.arena_count) : count(data.arena_count);
  grid.addEventListener("click", (event) => {
    const cell = event.target.closest("[data-arena]");
    if (cell) showArena(Number(cell.dataset.arena));
  });
  grid.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8 }[event.key];
    if (!step) return;
    event.preventDefault();
    showArena(Math.max(0, Math.min(data.arenas.length - 1, arena + step)));
  });
  showArena(0);
}

// ---- the page: theme, keys, copying ----

function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  keepState();
}
byId("theme").addEventListener("click", toggleTheme);

const KEYS = [["← ↑ ↓ →", "walk through the boxes"], ["Enter", "into the selected box"], ["Esc", "out again"],
  ["/", "filter types and boxes"], ["n, N", "next, previous box that matches"], ["s", "sort types by the next column"], ["c", "copy the Python expression"],
  ["1 to 9", "go to a section"], ["t", "light or dark"], ["?", "this list"]];
function help() {
  const dialog = make("dialog");
  dialog.setAttribute("aria-label", "Keys");
  const list = make("dl");
  for (const [key, text] of KEYS) { const dt = make("dt"); dt.append(make("kbd", "", key)); list.append(dt, make("dd", "", text)); }
  const close = make("button", "", "Close");
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.append(make("h2", "", "Keys"), list, close);
  document.body.append(dialog);
  dialog.showModal();
}
byId("help").addEventListener("click", help);

async function copy(text) {
  try { await navigator.clipboard.writeText(text); }
  catch { // files have no clipboard in some browsers
    const area = make("textarea", "unseen");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say("copied");
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  copy(button.dataset.copy);
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1200);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input, textarea")) {
    if (event.key === "Escape") { event.target.value = ""; applyFilter(); event.target.blur(); }
    return;
  }
  const sections = [...document.querySelectorAll("main > section")];
  if (event.key >= "1" && event.key <= "9") {
    const section = sections[Number(event.key) - 1];
    if (section) { section.scrollIntoView(); section.focus({ preventScroll: true }); }
  } else if (event.key === "/") { event.preventDefault(); filter.focus(); }
  else if (event.key === "t") toggleTheme();
  else if (event.key === "n") nextMatch(1);
  else if (event.key === "N") nextMatch(-1);
  else if (event.key === "?") help();
  else if (event.key === "Escape") walkOut();
  else if (event.key === "s") sortBy((heads.findIndex((h) => h.hasAttribute("aria-sort")) + 1) % heads.length, true);
  else if (event.key === "c") {
    const text = state.selected && H.count[state.selected] === 1 ? expressionOf(stepsOf(state.selected)) : null;
    if (text) copy(text); else say("there is no expression for it");
  }
});

// ---- begin ----

// Tables can be taken along: raw numbers where a cell has one, tab-separated.
for (const each of document.querySelectorAll("main table")) {
  const button = make("button", "copytable", "Copy table"), card = each.closest(".card");
  button.type = "button";
  button.addEventListener("click", () => {
    const cell = (c) => c.dataset.v !== undefined ? c.dataset.v : c.textContent.trim();
    copy([...each.rows].map((row) => [...row.cells].map(cell).join("\t")).join("\n"));
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy table"; }, 1200);
  });
  const head = card && card.querySelector(".cardhead");
  if (head) head.append(button);
  else (each.closest(".scroll") || each).after(button);
}

const kept = new URLSearchParams(/^#at=/.test(location.hash) ? location.hash.slice(1) : "");
if (kept.get("theme") === "dark" || kept.get("theme") === "light")
  document.documentElement.dataset.theme = kept.get("theme");
if (kept.get("at")) {
  const [root, selected] = kept.get("at").split(",");
  state.root = rowOf(root);
  state.selected = rowOf(selected || "");
} else {
  // A finding may be about memory that no object holds: the first that has an object opens the view.
  const held = data.findings.find((f) => f.address);
  const first = held ? rowOf(held.address) : 0;
  state.selected = first || (children[0].length ? children[0][0] : 0);
  state.root = first ? viewFor(first) : 0;
}
draw();
showPath();
drawArenas();
if (kept.has("sort")) {
  const [column, order] = kept.get("sort").split(",");
  const number = heads.findIndex((head) => head.textContent === column);
  if (number >= 0) sortBy(number, order === "descending");
}
if (kept.has("filter")) filter.value = kept.get("filter");
if (grown) grown.checked = kept.has("grown");
if (kept.has("filter") || kept.has("grown")) applyFilter();
let waiting = 0;
addEventListener("resize", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(draw); });
})();
