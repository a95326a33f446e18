
// What the page shows: the search at the side; the project, a node, a column or a tag beside it. The address
// says which, so that a view can be shared and the browser's "back" works.

const main = document.getElementById("main");
const search = document.getElementById("search");
const results = document.getElementById("results");
const foundLine = document.getElementById("found");
const LISTED = 60;
const DEPTHS = [["auto", "as far as it reads well"], ["1", "1 step"], ["2", "2 steps"], ["3", "3 steps"], ["5", "5 steps"], ["10", "10 steps"], ["all", "everything"]];
const nodeById = new Map(nodes.map((node) => [node.id, node]));

// --- the address ---

function addressOf(place, { keep = false } = {}) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(place)) {
    for (const item of [value].flat()) if (item !== undefined && item !== "") parameters.append(name, item);
  }
  if (keep) {
    const here = new URLSearchParams(location.hash.slice(1));
    for (const name of ["way", "depth", "rows"]) if (here.has(name)) parameters.set(name, here.get(name));
  }
  return `#${parameters}`;
}

const placeOf = (ref) => (isRows(ref)
  ? { node: nodeAt[ref].id, of: "rows" }
  : { node: nodeAt[ref].id, column: columnAt(ref).name });
const columnHref = (ref) => addressOf(placeOf(ref), { keep: true });
const nodeHref = (index) => addressOf({ node: nodes[index].id }, { keep: true });
const tagHref = (tag) => addressOf({ tag });

function route() {
  const here = new URLSearchParams(location.hash.slice(1));
  document.getElementById("tip").hidden = true;
  const node = nodeById.get(here.get("node"));
  const tag = here.get("tag");
  if (node && (here.has("column") || here.get("of") === "rows")) {
    const at = node.columns.findIndex((column) => column.name === here.get("column"));
    if (at >= 0 || here.get("of") === "rows") return showColumn(node.base + 1 + (here.has("column") ? at : -1), here);
    return showProject(`${node.name} has no column ${here.get("column")}.`);
  }
  if (node) return showNode(node, here);
  if (tag !== null && declared.has(tag)) return showTag(tag);
  return showProject(here.has("node") || tag !== null ? "What this address names is not in this project (any more)." : "");
}

// --- small parts ---

const columnLink = (ref, text = titleOf(ref)) => h("a", { href: columnHref(ref) }, text);
const nodeLink = (index) => h("a", { href: nodeHref(index) }, nodes[index].name);
const dot = (type) => h("span", { class: `dot ${type}`, "aria-hidden": "true" });

function list(items, render, most = LISTED) {
  const shown = h("ul", { class: "list" }, items.slice(0, most).map((item) => h("li", {}, render(item))));
  if (items.length > most) {
    const rest = h("button", { type: "button" }, `… ${(items.length - most).toLocaleString("en")} more`);
    rest.addEventListener("click", () => shown.replaceChildren(...items.map((item) => h("li", {}, render(item)))));
    shown.append(h("li", {}, rest));
  }
  return shown;
}

function table(head, rows) {
  return h("div", { class: "scroll", tabindex: "0" }, h("table", {},
    h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, rows)));
}

// `made`: how all of them are used, which then is not repeated.
const usesList = (edges, most, made) => list(edges, ([ref, how]) => [HOWS[how] === made ? null : howChip(HOWS[how]), columnLink(ref)], most);

function findingsList(findings) {
  return list(findings, ([severity, code, where, message, about]) => [
    h("span", { class: `severity ${severity}` }, severity), " ", message, " ", h("span", { class: "quiet" }, `${where} [${code}]`),
    ...(about.length === 1 ? [" ", nodeLink(about[0])] : []),
  ]);
}

// --- the project ---

function showProject(note = "") {
  document.title = document.querySelector("h1").textContent.trim();
  const models = nodes.filter((node) => node.type === "model" || node.type === "snapshot");
  const columns = models.flatMap((node) => node.columns);
  const resolved = columns.filter((column) => column.made !== "unknown").length;
  const typed = columns.filter((column) => column.type).length;
  const read = models.filter((node) => node.knownFrom.endsWith(" sql")).length;
  main.replaceChildren(h("div", { class: "page" },
    note ? h("p", { class: "note", role: "alert" }, note) : null,
    h("h2", {}, "How much is known"),
    h("div", { class: "tiles" },
      tile("columns resolved", resolved, columns.length), tile("models read from SQL", read, models.length),
      tile("columns with a type", typed, columns.length)),
    data.unresolved.length
      ? [h("h3", {}, "Not resolved, and why"),
        table(["node", "columns", "why"], data.unresolved.map(([index, names, why]) => h("tr", {},
          h("td", { class: "name" }, nodeLink(index)), h("td", { class: "name" }, names.slice(0, 12).join(", ") + (names.length > 12 ? ` and ${names.length - 12} more` : "")), h("td", {}, why))))]
      : h("p", { class: "good" }, columns.length ? "It is known of every column what it is made of." : ""),
    data.incomplete.length
      ? [h("h3", {}, "May have more columns than are listed"), list(data.incomplete, ([index, , why]) => [nodeLink(index), h("span", { class: "quiet" }, ` ${why}`)], 12)]
      : null,
    data.findings.length ? [h("h3", {}, `Findings (${data.findings.length.toLocaleString("en")})`), findingsList(ranked(data.findings))] : null,
    declared.size ? [h("h3", {}, "Tags"), list([...declared.keys()].sort(), tagLine)] : null,
    h("h3", {}, nodes.length ? "Where to begin" : "The project has no source, seed, model or snapshot"),
    list(beginnings(), (node) => [nodeLink(node.index), h("span", { class: "quiet" }, ` ${node.type}, read by ${numberOf(node.children.length, "node")}, made of ${numberOf(node.parents.length, "node")}`)]),
  ));
  showSide();
}

function ranked(findings) {
  const order = ["error", "warn", "info"];
  return [...findings].sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
}

function tile(says, part, whole) {
  const share = whole ? part / whole : 1;
  const bar = h("i", {});
  bar.style.width = `${share * 100}%`;
  const percent = `${(Math.floor(share * 1000) / 10).toLocaleString("en")} %`;
  return h("div", { class: part < whole ? "tile part" : "tile" }, h("b", {}, whole ? percent : "–"),
    `${part.toLocaleString("en")} of ${whole.toLocaleString("en")} ${says}`, h("i", { "aria-hidden": "true" }, bar));
}

function tagLine(tag) {
  const origins = declared.get(tag);
  return [tagChip(tag), h("a", { href: tagHref(tag) }, `declared on ${numberOf(origins.length, "column")}, carried to ${numberOf(madeOf(origins).size - origins.length, "other column")}`)];
}

// What many read and what nothing reads: the middle and the ends of the project.
function beginnings() {
  const read = [...nodes].sort((a, b) => b.children.length - a.children.length).slice(0, 5).filter((node) => node.children.length);
  const ends = nodes.filter((node) => node.type === "model" && !node.children.length).sort((a, b) => b.parents.length - a.parents.length).slice(0, 5);
  return [...new Set([...read, ...ends])];
}

// --- a tag ---

function showTag(tag) {
  document.title = `Tag ${tag}`;
  const origins = new Set(declared.get(tag));
  const byNode = new Map();
  for (const ref of [...madeOf(origins)].sort((a, b) => a - b)) {
    const { index } = nodeAt[ref];
    if (!byNode.has(index)) byNode.set(index, []);
    byNode.get(index).push(ref);
  }
  main.replaceChildren(h("div", { class: "page" },
    h("h2", {}, "Where ", tagChip(tag), " flows"),
    h("p", { class: "quiet" }, `Declared on ${numberOf(origins.size, "column")}; every column whose values are made of one carries it.`),
    table(["node", "columns", "from"], [...byNode].map(([index, refs]) => h("tr", {},
      h("td", { class: "name" }, dot(nodes[index].type), " ", nodeLink(index), nodes[index].children.length ? null : h("div", { class: "quiet" }, "nothing reads it further")),
      h("td", { class: "name" }, refs.map((ref) => h("div", {}, columnLink(ref, columnAt(ref).name)))),
      h("td", {}, refs.map((ref) => (origins.has(ref) ? h("div", {}, "declared here") : h("div", {}, originLinks(ref, tag))))))))));
  showSide();
}

function originLinks(ref, tag) {
  const origins = originsOf(ref, tag);
  const links = origins.slice(0, 3).flatMap((origin, at) => [at ? ", " : "", columnLink(origin)]);
  return origins.length > 3 ? [...links, ` and ${origins.length - 3} more`] : links;
}

// --- a node ---

function showNode(node, here) {
  document.title = node.name;
  const view = viewOf(node.index, here, { ofNodes: true, title: node.name });
  const below = h("div", { class: "below" }, h("div", { class: "page" },
    h("h2", {}, node.name),
    h("p", { class: "quiet" }, [node.type, node.path, knownFrom(node), columnCount(node)].filter(Boolean).join(" · ")),
    node.why ? h("p", { class: "note" }, node.why) : null,
    node.unique.length ? h("p", { class: "quiet" }, `Declared unique: ${node.unique.map((key) => key.join(" + ")).join("; ")}`) : null,
    node.findings.length ? [h("h3", {}, "Findings"), findingsList(ranked(node.findings))] : null,
    h("h3", {}, "Columns"),
    table(["column", "type", "made", "of", "tags", "expression"], node.columns.map((column, at) => columnRow(column, node.base + 1 + at))),
    into[node.base].length ? [h("h3", {}, "Which rows it has is decided by ", h("a", { href: columnHref(node.base) }, numberOf(into[node.base].length, "column"))), usesList(into[node.base])] : null,
  ));
  main.replaceChildren(h("div", { class: "work node" }, tools(view), stage(view), below));
  finishStage();
  showSide(node);
}

const knownFrom = (node) => (node.knownFrom === "nothing" ? "nothing says which columns it has" : `columns known from: ${node.knownFrom}`);

function columnRow(column, ref) {
  return h("tr", {},
    h("td", { class: "name" }, columnLink(ref, column.name)),
    h("td", { class: "type" }, column.type.toLowerCase() || "not known", column.nullable ? null : h("div", {}, "not null")),
    h("td", {}, column.made === "unknown" ? h("span", { class: "chip" }, "not resolved") : isGround(nodeAt[ref], ref) ? null : howChip(column.made)),
    h("td", { class: "uses" }, column.made === "unknown" && column.why ? h("div", { class: "quiet" }, column.why) : null, usesList(into[ref], 6, column.made)),
    h("td", { class: "tags" }, (tagsOf.get(ref) ?? []).map((tag) => [h("a", { href: tagHref(tag) }, tagChip(tag)), column.tags.includes(tag) ? null : h("div", { class: "quiet" }, "from ", originLinks(ref, tag))])),
    h("td", { class: "text" }, column.text && column.text !== column.name ? h("code", {}, column.text) : null));
}

// --- a column ---

function showColumn(ref, here) {
  const node = nodeAt[ref];
  document.title = titleOf(ref);
  const view = viewOf(ref, here, { ofNodes: false, title: titleOf(ref) });
  main.replaceChildren(h("div", { class: "work" }, tools(view), stage(view), h("aside", { class: "about", "aria-label": "About the column" }, isRows(ref) ? aboutRows(node) : aboutColumn(node, ref))));
  finishStage();
  showSide(node);
}

function aboutColumn(node, ref) {
  const column = columnAt(ref);
  const values = outOf[ref].filter(([target]) => !isRows(target));
  const rows = outOf[ref].filter(([target]) => isRows(target));
  const following = madeOf([ref]);
  const inNodes = new Set([...following].map((at) => nodeAt[at].index)).size - 1;
  return [
    h("h2", {}, column.name),
    h("p", {}, dot(node.type), " ", nodeLink(node.index)),
    column.made === "unknown" ? h("p", { class: "note" }, `Not resolved: ${column.why || node.why || "not known"}`) : null,
    h("dl", {},
      h("dt", {}, "type"), h("dd", {}, column.type.toLowerCase() || "not known"),
      h("dt", {}, "nulls"), h("dd", {}, column.nullable ? "possible" : "never"),
      ...(column.made === "unknown" || isGround(node, ref) ? [] : [h("dt", {}, "made"), h("dd", {}, howChip(column.made), MADE[column.made])]),
      h("dt", {}, "reaches"), h("dd", {}, following.size > 1 ? `${numberOf(following.size - 1, "column")} in ${numberOf(Math.max(inNodes, 1), "node")}` : "no other column")),
    ...(tagsOf.get(ref) ?? []).map((tag) => h("p", {}, h("a", { href: tagHref(tag) }, tagChip(tag)), column.tags.includes(tag) ? "declared here" : ["carried from ", originLinks(ref, tag)])),
    column.text ? [h("h3", {}, "Expression"), h("pre", {}, column.text)] : null,
    into[ref].length ? [h("h3", {}, "Made of"), usesList(into[ref], 20, column.made)] : null,
    values.length ? [h("h3", {}, "Used by"), usesList(values, 20)] : null,
    rows.length ? [h("h3", {}, "Decides rows of"), usesList(rows, 20)] : null,
    into[node.base].length ? [h("h3", {}, "Rows of its node"), h("p", {}, columnLink(node.base, `decided by ${numberOf(into[node.base].length, "column")}`))] : null,
  ];
}

// What no SQL makes: a column of a source, a seed, a table that only SQL names.
const isGround = (node, ref) => !node.knownFrom.endsWith(" sql") && !into[ref].length;

const MADE = {
  passthrough: "passed on as it is", rename: "passed on under another name", cast: "converted to another type",
  expression: "calculated", window: "calculated over a window of rows", aggregate: "aggregated",
  constant: "the same in every row", generated: "made of no column",
};

function aboutRows(node) {
  return [
    h("h2", {}, "Which rows"), h("p", {}, "of ", nodeLink(node.index)),
    h("h3", {}, "Decided by"), into[node.base].length ? usesList(into[node.base], 30) : h("p", { class: "quiet" }, "no column: every row of what it reads"),
    outOf[node.base].length ? [h("h3", {}, "Counted by"), usesList(outOf[node.base], 20)] : null,
  ];
}

// --- the picture and its tools ---

function viewOf(focus, here, rest) {
  const refersTo = (text) => {
    const [way, id] = [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)];
    return nodeById.has(id) ? `${way}:${nodeById.get(id).index}` : "";
  };
  const way = here.get("way") ?? "both";
  const view = {
    focus, ...rest, way, chosen: here.get("depth") ?? "auto", up: way !== "down", down: way !== "up", rows: here.get("rows") === "yes",
    open: new Set(here.getAll("open").map(refersTo)), shut: new Set(here.getAll("shut").map(refersTo)),
    full: new Set(here.getAll("full").map((id) => nodeById.get(id)?.index)),
  };
  view.depth = view.chosen === "all" ? Infinity : Number(view.chosen) || autoDepth(view);
  return view;
}

function tools(view) {
  const choice = (label, options, value, name) => {
    const select = h("select", { "aria-label": label ? undefined : "How far", onchange: () => change({ [name]: select.value }) }, options.map(([option, says]) => h("option", { value: option, selected: option === value }, says)));
    return h("label", {}, label, select);
  };
  const rows = h("input", { type: "checkbox", checked: view.rows, onchange: () => change({ rows: rows.checked ? "yes" : "" }) });
  return h("div", { class: "tools", role: "toolbar", "aria-label": "What the picture shows" },
    choice("Show", [["both", "both directions"], ["up", "upstream"], ["down", "downstream"]], view.way, "way"),
    choice("", DEPTHS, view.chosen, "depth"),
    view.ofNodes ? null : h("label", {}, rows, "with what decides rows"));
}

function legend(view) {
  const kinds = ["passthrough", "rename", "cast", "expression", "window", "aggregate", ...(view.rows ? ["rows"] : [])];
  return h("div", { class: "legend", "aria-label": "Kinds of edges" }, kinds.map((kind) => h("span", {},
    s("svg", { viewBox: "0 0 26 8", "aria-hidden": "true" }, s("path", { class: `edge ${kind}`, d: "M0 4H26" })), kind)));
}

// Changes a part of the address: the picture follows, and "back" undoes it.
function change(parts) {
  const here = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of Object.entries(parts)) {
    if (value) here.set(name, value);
    else here.delete(name);
  }
  location.hash = here;
}

function toggle(key, opens) {
  const here = new URLSearchParams(location.hash.slice(1));
  const [way, index] = key.split(":");
  const name = `${way}:${nodes[Number(index)].id}`;
  const [adds, removes] = opens ? ["open", "shut"] : ["shut", "open"];
  const kept = here.getAll(removes).filter((item) => item !== name);
  here.delete(removes);
  for (const item of kept) here.append(removes, item);
  if (!here.getAll(adds).includes(name)) here.append(adds, name);
  location.hash = here;
}

function showAll(index) {
  const here = new URLSearchParams(location.hash.slice(1));
  here.append("full", nodes[index].id);
  location.hash = here;
}

let finishStage = () => {};

function stage(view) {
  const found = walk(view, MOST_CARDS);
  const picture = drawPicture(found, view, { href: columnHref, hrefOfNode: nodeHref, toggle, showAll });
  const viewport = new Viewport(picture, view.ofNodes ? view.focus : nodeAt[view.focus].index);
  const hidden = new Set([...found.more.values()].flatMap((refs) => [...refs])).size;
  const says = found.cut
    ? `the nearest ${found.cards.size} nodes; the rest does not fit into one picture: choose fewer steps, or walk on from a card`
    : `${numberOf(found.cards.size, "node")}${hidden ? `; ${numberOf(hidden, view.ofNodes ? "node" : "column")} more behind +` : ""}`;
  const button = (text, label, onclick) => h("button", { type: "button", "aria-label": label, title: label, onclick }, text);
  finishStage = () => viewport.fit(0.62);
  return h("div", { class: "stage" }, picture.svg, view.ofNodes ? null : legend(view), h("div", { class: "status", role: "status" }, says),
    h("div", { class: "zoom" }, button("−", "Zoom out", () => viewport.zoom(1 / 1.25)), button("Fit", "Show everything", () => viewport.fit(0)), button("+", "Zoom in", () => viewport.zoom(1.25))));
}

// --- the side ---

function showSide(current) {
  if (search.value.trim()) showResults();
  else showNodes(current);
}

function nodeItem(node, words = [], isCurrent = false) {
  return h("li", {}, h("a", { href: nodeHref(node.index), "aria-current": isCurrent ? "page" : undefined, title: node.path || node.name },
    dot(node.type), h("span", { class: "label" }, marked(node.name, words)), node.findings.some(([severity]) => severity === "error") ? h("small", {}, "finding") : h("small", {}, "")));
}

const byName = new Intl.Collator("en", { numeric: true });
const closedGroups = new Set();

function showNodes(current) {
  const groups = new Map();
  for (const node of nodes) {
    if (!groups.has(node.type)) groups.set(node.type, []);
    groups.get(node.type).push(node);
  }
  const rank = (type) => ["model", "snapshot", "source", "seed", "origin"].indexOf(type) + 1 || 9;
  const sorted = [...groups].sort(([a], [b]) => rank(a) - rank(b));
  foundLine.textContent = "";
  results.replaceChildren(...sorted.map(([type, its]) => {
    const details = h("details", { open: !closedGroups.has(type) },
      h("summary", {}, `${numberOf(its.length, type)}`),
      h("ul", {}, [...its].sort((a, b) => byName.compare(a.name, b.name)).map((node) => nodeItem(node, [], node === current))));
    details.addEventListener("toggle", () => (details.open ? closedGroups.delete(type) : closedGroups.add(type)));
    return details;
  }));
  results.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

// Lower is nearer: the whole name, its beginning, a word's beginning, anywhere. Infinity: not every word is in it.
function nearness(title, name, words) {
  let sum = 0;
  for (const word of words) {
    if (!title.includes(word)) return Infinity;
    if (name === word) sum += 0;
    else if (name.startsWith(word)) sum += 1;
    else if (name.includes(`_${word}`)) sum += 2;
    else sum += name.includes(word) ? 3 : 4;
  }
  return sum + Math.min(name.length, 900) / 1000;
}

const folded = nodes.map((node) => ({ name: node.name.toLowerCase(), columns: node.columns.map((column) => column.name.toLowerCase()) }));

function find(words) {
  const found = { nodes: [], columns: [] };
  nodes.forEach((node, index) => {
    const { name, columns } = folded[index];
    const near = nearness(name, name, words);
    if (near < Infinity) found.nodes.push([near, node]);
    columns.forEach((column, at) => {
      const distance = nearness(`${name}.${column}`, column, words);
      // A column is found by its own name: else every column of a node would be.
      if (distance < Infinity && words.some((word) => column.includes(word) || word.includes("."))) found.columns.push([distance, node.base + 1 + at]);
    });
  });
  for (const kind of ["nodes", "columns"]) found[kind] = found[kind].sort((a, b) => a[0] - b[0]).map(([, item]) => item);
  return found;
}

function showResults() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const tags = [...declared.keys()].filter((tag) => words.every((word) => tag.toLowerCase().includes(word.replace(/^tag:/, "")))).sort();
  const found = find(words);
  const part = (title, items, most, render) => (items.length
    ? [h("h2", {}, `${title} (${items.length.toLocaleString("en")})`), h("ul", {}, items.slice(0, most).map(render))]
    : []);
  foundLine.textContent = `${numberOf(found.columns.length, "column")}, ${numberOf(found.nodes.length, "node")}`
    + (found.columns.length > 100 || found.nodes.length > 40 ? "; the nearest are listed" : "");
  results.replaceChildren(
    ...part("Tags", tags, 20, (tag) => h("li", {}, h("a", { href: tagHref(tag) }, h("span", { class: "label" }, tagChip(tag)), h("small", {}, numberOf(madeOf(declared.get(tag)).size, "column"))))),
    ...part("Nodes", found.nodes, 40, (node) => nodeItem(node, words)),
    ...part("Columns", found.columns, 100, (ref) => h("li", {}, h("a", { href: columnHref(ref), title: titleOf(ref) },
      dot(nodeAt[ref].type), h("span", { class: "label" }, marked(columnAt(ref).name, words)), h("small", {}, nodeAt[ref].name)))));
}

// The text with the words in it marked.
function marked(text, words) {
  const low = text.toLowerCase();
  const shown = low.length === text.length ? words.find((word) => low.includes(word)) : undefined;
  if (!shown) return text;
  const at = low.indexOf(shown);
  return [text.slice(0, at), h("mark", {}, text.slice(at, at + shown.length)), text.slice(at + shown.length)];
}

search.addEventListener("input", () => showSide());
search.closest("nav").addEventListener("keydown", (event) => {
  const links = [search, ...results.querySelectorAll("a, summary")].filter((element) => element === search || element.offsetParent);
  const at = links.indexOf(document.activeElement);
  if (event.key === "ArrowDown" && at < links.length - 1) links[at + 1].focus();
  else if (event.key === "ArrowUp" && at > 0) links[at - 1].focus();
  else if (event.key === "Enter" && at === 0 && search.value.trim()) results.querySelector("a")?.click();
  else if (event.key === "Escape" && search.value) {
    search.value = "";
    search.focus();
    showSide();
  } else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, select, textarea")) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address belongs to what is shown
  main.focus();
});
addEventListener("hashchange", route);
route();
