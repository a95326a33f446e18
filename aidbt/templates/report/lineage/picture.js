
// The picture: cards with rows, edges between them, pan and zoom, what lights up, and the tip.

const SVG = "http://www.w3.org/2000/svg";
const MOST_ROWS = 14;
const ROW_HOWS = ["filter", "join", "group", "order"];
const SAYS = {
  passthrough: "passed on as it is", rename: "passed on under another name", cast: "converted to another type",
  expression: "calculated from it", window: "calculated over a window of rows", aggregate: "aggregated from it",
  filter: "decides which rows there are, as a filter", join: "decides which rows there are, as a join key",
  group: "decides which rows there are, by grouping", order: "decides the order of rows",
};

// An element with properties and children; text is always text.
function h(tag, properties = {}, ...children) {
  return furnish(document.createElement(tag), properties, children);
}

function s(tag, properties = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), properties, children);
}

function furnish(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

const ruler = document.createElement("canvas").getContext("2d");
const fonts = {};

// The text, its middle left out where it does not fit into so many pixels: names differ at both ends.
function fitted(text, width, kind) {
  if (!fonts[kind]) {
    const probe = s("text", { class: kind });
    const svg = s("svg", { class: "card" }, probe);
    document.body.append(svg);
    const style = getComputedStyle(probe);
    fonts[kind] = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    svg.remove();
  }
  ruler.font = fonts[kind];
  const fits = (candidate) => ruler.measureText(candidate).width <= width;
  if (text.length < 200 && fits(text)) return text;
  const letters = Array.from(text.length < 400 ? text : text.slice(0, 200) + text.slice(-200));
  const shortened = (kept) => {
    const atEnd = Math.floor(kept * 0.4);
    return `${letters.slice(0, kept - atEnd).join("")}…${letters.slice(letters.length - atEnd).join("")}`;
  };
  let [low, high] = [0, Math.min(letters.length, 200)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(shortened(middle))) low = middle;
    else high = middle - 1;
  }
  return shortened(low);
}

// The rows that a card shows: its columns in their order, which rows there are last.
function rowsOf(index, refs, view) {
  const { base } = nodes[index];
  const sorted = [...refs].sort((a, b) => (a === base) - (b === base) || a - b);
  if (view.full.has(index) || sorted.length <= MOST_ROWS) return { shown: sorted, hidden: 0 };
  const shown = sorted.slice(0, MOST_ROWS - 1);
  if (refs.has(view.focus) && !shown.includes(view.focus)) shown[shown.length - 1] = view.focus;
  return { shown, hidden: sorted.length - shown.length };
}

// An SVG of what `walk` found. `href` and `hrefOfNode` say where a click leads, `toggle` and `showAll` what the
// handles of a card do.
function drawPicture(found, view, { href, hrefOfNode, toggle, showAll }) {
  const cards = [...found.cards].map(([index, refs]) => {
    const { shown, hidden } = rowsOf(index, refs, view);
    const lines = shown.length + (hidden ? 1 : 0);
    return { key: index, shown, hidden, height: CARD.head + (lines ? lines * CARD.row + CARD.foot : 0) };
  });
  const byKey = new Map(cards.map((card) => [card.key, card]));
  const cardOf = (at) => byKey.get(view.ofNodes ? at : nodeAt[at].index);
  const yOf = (at) => {
    const card = cardOf(at);
    if (view.ofNodes) return CARD.head / 2;
    const row = card.shown.indexOf(at);
    return CARD.head + ((row < 0 ? card.shown.length : row) + 0.5) * CARD.row;
  };
  const edges = [...found.edges.values()];
  const links = edges.map(([source, target]) => (
    { from: cardOf(source).key, to: cardOf(target).key, fromY: yOf(source), toY: yOf(target) }
  ));
  const { cells, paths } = layOut(cards, links);
  const light = new Lights(edges);
  const scene = s("g", {},
    s("g", {}, edges.map((edge, at) => drawEdge(edge, paths[at], links[at], view, light))),
    s("g", {}, cards.map((card) => drawCard(card, cells.get(card.key), found, view, { href, hrefOfNode, toggle, showAll, light }))),
  );
  const svg = s("svg", { role: "group", "aria-label": `Lineage of ${view.title}: ${numberOf(cards.length, "card")}` }, scene);
  svg.addEventListener("keydown", (event) => light.walkByKey(event));
  return { svg, scene, cells, light };
}

function drawCard(card, cell, found, view, { href, hrefOfNode, toggle, showAll, light }) {
  const node = nodes[card.key];
  const isFocus = card.key === (view.ofNodes ? view.focus : nodeAt[view.focus].index);
  const group = s("g", { class: `card ${node.type}${isFocus ? " focus" : ""}`, transform: `translate(${cell.x} ${cell.y})` },
    s("rect", { class: "frame", width: CARD.width, height: card.height, rx: 8 }),
    s("rect", { class: "strip", width: 5, height: card.height, rx: 2.5 }),
    s("a", { class: "head", href: hrefOfNode(card.key), "aria-label": `${node.name} ${node.type} · ${columnCount(node)}` },
      s("rect", { class: "hit", width: CARD.width, height: CARD.head, rx: 8 }),
      s("text", { class: "title", x: 16, y: 16 }, fitted(node.name, CARD.width - 30, "title")),
      s("text", { class: "sub", x: 16, y: 33 }, fitted(`${node.type} · ${columnCount(node)}`, CARD.width - 30, "sub")),
    ),
  );
  light.addCard(group, view.ofNodes ? [card.key] : card.shown);
  if (view.ofNodes) light.addNode(card.key, group.querySelector(".head"));
  card.shown.forEach((ref, row) => group.append(drawRow(ref, CARD.head + row * CARD.row, view, href, light)));
  if (card.hidden) {
    const y = CARD.head + card.shown.length * CARD.row;
    group.append(s("a", { class: "row more", href: "#", role: "button", onclick: (event) => { event.preventDefault(); showAll(card.key); } },
      s("rect", { x: 6, y, width: CARD.width - 12, height: CARD.row, rx: 4 }),
      s("text", { x: 30, y: y + CARD.row / 2 }, `… ${card.hidden.toLocaleString("en")} more of its columns`)));
  }
  for (const way of ["up", "down"]) drawHandle(group, way, card, found, view, toggle);
  return group;
}

function drawHandle(group, way, card, found, view, toggle) {
  const hidden = found.more.get(`${way}:${card.key}`)?.size ?? 0;
  const side = way === "up" ? 0 : 1;
  const cardOf = (at) => (view.ofNodes ? at : nodeAt[at].index);
  const shows = [...found.edges.values()].some((edge) => cardOf(edge[1 - side]) === card.key && cardOf(edge[side]) !== card.key);
  if (!hidden && !shows) return;
  const direction = way === "up" ? "upstream" : "downstream";
  const says = hidden ? `Show ${hidden.toLocaleString("en")} more ${direction} of ${nodes[card.key].name}` : `Hide what is ${direction} of ${nodes[card.key].name}`;
  group.append(s("a", { class: hidden ? "handle" : "handle less", href: "#", role: "button", "aria-label": says,
    transform: `translate(${side * CARD.width} ${CARD.head / 2})`,
    onclick: (event) => { event.preventDefault(); toggle(`${way}:${card.key}`, Boolean(hidden)); } },
  s("circle", { r: 9 }), s("text", {}, hidden ? "+" : "−"), s("title", {}, says)));
}

function drawRow(ref, y, view, href, light) {
  const rows = isRows(ref);
  const column = rows ? null : columnAt(ref);
  const middle = y + CARD.row / 2;
  const tags = tagsOf.get(ref) ?? [];
  const tag = tags.includes("pii") ? "pii" : tags[0];
  const type = column ? fitted(column.type.toLowerCase(), 78, "kind") : "";
  const isUnknown = column?.made === "unknown";
  const marks = (tag ? 26 : 0) + (isUnknown ? 14 : 0);
  const width = CARD.width - 28 - (type ? Math.min(84, 14 + 6.7 * type.length) : 8) - marks;
  const mark = tag === "pii" ? "PII" : tag && "tag";
  const seen = [labelOf(ref), isUnknown && "?", mark, column?.type.toLowerCase()].filter(Boolean).join(" ");
  const spoken = [seen, column?.made, `of ${nodeAt[ref].name}`].filter(Boolean).join(", ");
  const name = fitted(labelOf(ref), width, "col");
  const link = s("a", { class: `row${ref === view.focus ? " focus" : ""}${rows ? " rows" : ""}`, href: href(ref), "aria-label": spoken,
    "aria-current": ref === view.focus ? "true" : undefined, "data-ref": ref },
  s("rect", { x: 6, y, width: CARD.width - 12, height: CARD.row, rx: 4 }),
  s("text", { class: "col", x: 16, y: middle }, name),
  isUnknown ? s("text", { class: "unknown", x: 20 + width, y: middle }, "?") : null,
  tag ? s("text", { class: `tagged${tag === "pii" ? "" : " other"}`, x: 18 + width + (isUnknown ? 14 : 0), y: middle }, mark) : null,
  s("text", { class: "kind", x: CARD.width - 14, y: middle }, type));
  light.addRow(ref, link);
  return link;
}

function drawEdge(edge, points, link, view, light) {
  const [source, target, hows] = edge;
  const known = [...hows].filter((how) => how >= 0).map((how) => HOWS[how]);
  const kind = known[0] ?? "passthrough";
  const path = link.from === link.to ? looped(points) : curved(points);
  const group = s("g", {},
    s("path", { class: `edge ${ROW_HOWS.includes(kind) ? "rows" : kind}`, d: path }),
    s("path", { class: "hit", d: path }),
  );
  const says = view.ofNodes
    ? () => [h("div", {}, `${nodes[source].name} → ${nodes[target].name}`)]
    : () => [h("div", {}, h("b", {}, titleOf(source)), " → ", h("b", {}, titleOf(target))),
      ...known.map((how) => h("div", {}, howChip(how), ` ${SAYS[how]}`)), ...expressionOf(target)];
  light.addEdge(edge, group.firstChild, group.lastChild, says);
  return group;
}

function curved(points) {
  let path = `M${points[0].x} ${points[0].y}`;
  for (let at = 1; at < points.length; at += 1) {
    const [from, to] = [points[at - 1], points[at]];
    if (from.y === to.y) {
      path += `L${to.x} ${to.y}`;
      continue;
    }
    // An edge that leads back goes around; one that leads on bends half way.
    const bend = to.x > from.x ? (to.x - from.x) / 2 : 90;
    path += `C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
  }
  return path;
}

// From a node to itself, as an incremental model reads itself.
function looped([{ x, y: from }, { y: to }]) {
  const apart = from === to ? 5 : 0;
  return `M${x} ${from - apart}C${x + 40} ${from - 3 * apart} ${x + 40} ${to + 3 * apart} ${x} ${to + apart}`;
}

const howChip = (how) => h("span", { class: `chip how ${how}` }, how);

function expressionOf(ref) {
  const text = isRows(ref) ? "" : columnAt(ref).text;
  return text && text !== columnAt(ref).name ? [h("pre", {}, text)] : [];
}

function tipOf(ref) {
  if (isRows(ref)) {
    return [h("div", {}, h("b", {}, titleOf(ref))), h("div", { class: "quiet" }, "what is filtered, joined, grouped or limited by")];
  }
  const column = columnAt(ref);
  return [
    h("div", {}, h("b", {}, titleOf(ref))),
    h("div", { class: "quiet" }, [column.type || "type not known", column.made === "unknown" ? "" : column.made].filter(Boolean).join(" · ")),
    ...expressionOf(ref),
    column.made === "unknown" && column.why ? h("div", {}, `not resolved: ${column.why}`) : null,
    ...(tagsOf.get(ref) ?? []).map((tag) => tagChip(tag)),
  ].filter(Boolean);
}

// "3+ columns" where it may have more.
function columnCount(node) {
  const text = numberOf(node.columns.length, "column");
  return node.complete ? text : text.replace(/ columns?$/, "+ columns");
}

const tagChip = (tag) => h("span", { class: tag === "pii" ? "chip pii" : "chip" }, tag === "pii" ? "PII" : tag);

// What lights up, and the tip, as the pointer or the keyboard moves.
class Lights {
  constructor(edges) {
    this.edges = edges;
    this.paths = new Map();
    this.rows = new Map();
    this.cards = [];
    this.tip = document.getElementById("tip");
    this.next = new Map();
    this.before = new Map();
    for (const edge of edges) {
      for (const [map, key] of [[this.next, edge[0]], [this.before, edge[1]]]) {
        if (!map.has(key)) map.set(key, []);
        map.get(key).push(edge);
      }
    }
  }

  addEdge(edge, path, hit, says) {
    this.paths.set(edge, path);
    hit.addEventListener("pointerenter", (event) => { this.show([edge], says(), event.clientX, event.clientY); });
    hit.addEventListener("pointerleave", () => this.hide());
  }

  addRow(ref, link) {
    this.rows.set(ref, link);
    const on = (x, y) => this.show(this.through(ref), tipOf(ref), x, y, ref);
    link.addEventListener("pointerenter", (event) => on(event.clientX, event.clientY));
    link.addEventListener("pointerleave", () => this.hide());
    link.addEventListener("focus", () => {
      const box = link.getBoundingClientRect();
      if (link.matches(":focus-visible")) on(box.right, box.bottom);
    });
    link.addEventListener("blur", () => this.hide());
  }

  addNode(index, link) {
    const { name, type, path, why } = nodes[index];
    const says = () => [h("div", {}, h("b", {}, name)), h("div", { class: "quiet" }, [type, path].filter(Boolean).join(" · ")), why];
    link.addEventListener("pointerenter", (event) => this.show(this.through(index), says(), event.clientX, event.clientY, index));
    link.addEventListener("pointerleave", () => this.hide());
  }

  addCard(group, ats) {
    this.cards.push([group, ats]);
  }

  // The edges of every path through it.
  through(ref) {
    const found = new Set();
    for (const [map, end] of [[this.next, 1], [this.before, 0]]) {
      const seen = new Set([ref]);
      const waiting = [ref];
      while (waiting.length) {
        for (const edge of map.get(waiting.pop()) ?? []) {
          found.add(edge);
          if (!seen.has(edge[end])) {
            seen.add(edge[end]);
            waiting.push(edge[end]);
          }
        }
      }
    }
    return [...found];
  }

  show(edges, content, x, y, ref) {
    this.hide();
    const lit = new Set(edges.flatMap(([source, target]) => [source, target]));
    if (ref !== undefined) lit.add(ref);
    for (const edge of edges) this.paths.get(edge).classList.add("lit");
    for (const [at, link] of this.rows) link.classList.toggle("lit", lit.has(at));
    for (const [group, ats] of this.cards) group.classList.toggle("lit", ats.some((at) => lit.has(at)));
    this.cards[0]?.[0].ownerSVGElement.classList.add("lighting");
    this.tip.replaceChildren(...content);
    this.tip.hidden = false;
    const { width, height } = this.tip.getBoundingClientRect();
    this.tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - width - 8))}px`;
    this.tip.style.top = `${y + 18 + height > innerHeight ? Math.max(8, y - height - 14) : y + 18}px`;
  }

  hide() {
    this.tip.hidden = true;
    this.cards[0]?.[0].ownerSVGElement?.classList.remove("lighting");
    for (const path of this.paths.values()) path.classList.remove("lit");
    for (const link of this.rows.values()) link.classList.remove("lit");
  }

  // Left and right follow the edges, up and down the rows of a card.
  walkByKey(event) {
    const here = event.target.closest?.("[data-ref]");
    if (!here || !event.key.startsWith("Arrow")) return;
    const ref = Number(here.dataset.ref);
    const next = {
      ArrowLeft: () => this.rows.get(this.before.get(ref)?.[0][0]),
      ArrowRight: () => this.rows.get(this.next.get(ref)?.[0][1]),
      ArrowUp: () => sibling(here, -1),
      ArrowDown: () => sibling(here, 1),
    }[event.key]();
    event.preventDefault();
    next?.focus({ focusVisible: true });
  }
}

function sibling(link, step) {
  const rows = [...link.parentNode.querySelectorAll("[data-ref]")];
  return rows[rows.indexOf(link) + step];
}

// Drag and wheel move, Ctrl and wheel or the buttons zoom.
class Viewport {
  constructor({ svg, scene, cells }, focusKey) {
    Object.assign(this, { svg, scene, cells, focusKey, x: 0, y: 0, scale: 1 });
    svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = svg.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
      else this.move(-event.deltaX, -event.deltaY);
    }, { passive: false });
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest("a")) return;
      svg.setPointerCapture(event.pointerId);
      svg.classList.add("moving");
    });
    svg.addEventListener("pointermove", (event) => {
      if (svg.classList.contains("moving")) this.move(event.movementX, event.movementY);
    });
    for (const kind of ["pointerup", "pointercancel"]) svg.addEventListener(kind, () => svg.classList.remove("moving"));
    svg.addEventListener("focusin", (event) => this.bringIntoView(event.target));
  }

  apply() {
    this.scene.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.scale})`);
  }

  move(x, y) {
    this.x += x;
    this.y += y;
    this.apply();
  }

  zoom(factor, atX = this.svg.clientWidth / 2, atY = this.svg.clientHeight / 2) {
    const scale = Math.max(0.08, Math.min(2.5, this.scale * factor));
    this.x = atX - (atX - this.x) * (scale / this.scale);
    this.y = atY - (atY - this.y) * (scale / this.scale);
    this.scale = scale;
    this.apply();
  }

  // Everything, as long as it can be read; else at a readable size around the focus.
  fit(smallest) {
    const boxes = [...this.cells.values()];
    const left = Math.min(...boxes.map((box) => box.x));
    const top = Math.min(...boxes.map((box) => box.y));
    const width = Math.max(...boxes.map((box) => box.x)) + CARD.width - left;
    const height = Math.max(...boxes.map((box) => box.y + box.height)) - top;
    const { clientWidth, clientHeight } = this.svg;
    const whole = Math.min((clientWidth - 60) / width, (clientHeight - 50) / height, 1);
    this.scale = Math.max(whole, smallest);
    const focus = this.cells.get(this.focusKey);
    const along = (size, from, span, at, length) => {
      if (span * this.scale <= size - 40) return (size - span * this.scale) / 2 - from * this.scale;
      // Around the focus, but with no more empty room than the margin.
      const [most, least] = [30 - from * this.scale, size - 30 - (from + span) * this.scale];
      return Math.max(least, Math.min(most, size / 2 - (at + length / 2) * this.scale));
    };
    this.x = along(clientWidth, left, width, focus.x, CARD.width);
    this.y = along(clientHeight, top, height, focus.y, Math.min(focus.height, 300));
    this.apply();
  }

  bringIntoView(element) {
    const [box, frame] = [element.getBoundingClientRect(), this.svg.getBoundingClientRect()];
    const over = (low, high, from, to) => (low < from + 20 ? from + 20 - low : high > to - 20 ? to - 20 - high : 0);
    this.move(over(box.left, box.right, frame.left, frame.right), over(box.top, box.bottom, frame.top, frame.bottom));
    // A browser may have scrolled the clipped stage itself.
    this.svg.parentNode.scrollTo(0, 0);
  }
}
