
"use strict";

// The data of the page: nodes, columns and edges, and ways to walk them.
// A column is a number, its "ref": the base of its node + 1 + its place; the base itself is "which rows".

const data = JSON.parse(document.getElementById("data").textContent);
const HOWS = data.hows;

const nodes = [];
const nodeAt = []; // ref → node
const into = []; // ref → [[source ref, how], …]
const outOf = []; // ref → [[target ref, how], …]
const declared = new Map(); // tag → [ref, …]
const tagsOf = new Map(); // ref → the tags that its values carry

function readNodes() {
  let base = 0;
  data.nodes.forEach(([id, name, type, path, knownFrom, complete, why, parents, unique, , columns], index) => {
    const node = {
      index, id, name, base, parents, unique,
      type: data.texts[type], path: data.texts[path], why: data.texts[why],
      knownFrom: data.knownFrom[knownFrom], complete: Boolean(complete),
      columns: columns.map(([column, made = 0, dataType = 0, , text = 0, whyNot = 0, tags = []]) => ({
        name: column, made: data.made[made >> 1], nullable: made % 2 === 1, type: data.texts[dataType],
        text: data.texts[text], why: data.texts[whyNot], tags: tags.map((tag) => data.texts[tag]),
      })),
      children: [], findings: [],
    };
    for (let at = 0; at <= columns.length; at += 1) {
      nodeAt.push(node);
      into.push([]);
      outOf.push([]);
    }
    base += columns.length + 1;
    nodes.push(node);
  });
}

function readEdges() {
  data.nodes.forEach((row, index) => {
    const { base, parents } = nodes[index];
    for (const parent of parents) if (parent !== index) nodes[parent].children.push(index);
    connect(row[9], base);
    row[10].forEach((column, at) => connect(column[3] ?? [], base + 1 + at));
  });
  for (const finding of data.findings) for (const index of finding[4]) nodes[index].findings.push(finding);
}

function connect(uses, target) {
  for (let at = 0; at < uses.length; at += 3) {
    const source = nodes[uses[at]].base + 1 + uses[at + 1];
    into[target].push([source, uses[at + 2]]);
    outOf[source].push([target, uses[at + 2]]);
  }
}

// Values carry tags, rows do not.
function carryTags() {
  for (const node of nodes) {
    node.columns.forEach((column, at) => {
      for (const tag of column.tags) {
        if (!declared.has(tag)) declared.set(tag, []);
        declared.get(tag).push(node.base + 1 + at);
      }
    });
  }
  for (const [tag, origins] of declared) {
    for (const ref of madeOf(origins)) {
      if (!tagsOf.has(ref)) tagsOf.set(ref, []);
      tagsOf.get(ref).push(tag);
    }
  }
}

// The refs and all columns that are made of them.
function madeOf(refs) {
  const found = new Set(refs);
  const waiting = [...refs];
  while (waiting.length) {
    for (const [target] of outOf[waiting.pop()]) {
      if (!isRows(target) && !found.has(target)) {
        found.add(target);
        waiting.push(target);
      }
    }
  }
  return found;
}

// The columns upstream, or itself, that declare the tag.
function originsOf(start, tag) {
  const found = new Set([start]);
  const waiting = [start];
  while (waiting.length) {
    for (const [source] of into[waiting.pop()]) {
      if (!isRows(source) && !found.has(source)) {
        found.add(source);
        waiting.push(source);
      }
    }
  }
  return declared.get(tag).filter((ref) => found.has(ref));
}

const isRows = (ref) => ref === nodeAt[ref].base;
const columnAt = (ref) => nodeAt[ref].columns[ref - nodeAt[ref].base - 1];
const labelOf = (ref) => (isRows(ref) ? "which rows" : columnAt(ref).name);
const titleOf = (ref) => `${nodeAt[ref].name}${isRows(ref) ? ": which rows" : `.${columnAt(ref).name}`}`;
const numberOf = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

// What a picture shows: cards (node index → Set of refs) and edges ([source, target, [how, …]] as refs, or as
// node indexes where `ofNodes`), nearest first, at most `limit` cards.
// `view`: {focus, ofNodes, up, down, depth, rows, open: Set, shut: Set}; open and shut hold "up:3", "down:3".
function walk(view, limit) {
  const found = {
    cards: new Map(), edges: new Map(), more: new Map(), focus: view.focus, ofNodes: view.ofNodes, cut: 0,
  };
  show(found, view, view.focus, limit);
  const fronts = ["up", "down"].filter((way) => view[way]).map((way) => (
    { way, at: [view.focus], seen: new Set([view.focus]), passed: new Set() }
  ));
  // Both ways in turn, so that neither takes the room of the other.
  for (let step = 0; fronts.some((front) => front.at.length); step += 1) {
    for (const front of fronts) front.at = nextFront(found, view, limit, front, step);
  }
  return found;
}

function nextFront(found, view, limit, { way, at: front, seen, passed }, step) {
  const next = [];
  for (const at of front) {
    const key = `${way}:${view.ofNodes ? at : nodeAt[at].index}`;
    const follows = (step < view.depth || view.open.has(key)) && !view.shut.has(key);
    for (const [other, how, here] of stepsFrom(at, view, way, passed)) {
      if (!follows || !show(found, view, other, limit)) {
        if (!found.more.has(key)) found.more.set(key, new Set());
        found.more.get(key).add(other);
        continue;
      }
      if (here !== at) show(found, view, here, limit);
      addEdge(found, way === "up" ? [other, here] : [here, other], how);
      if (!seen.has(other)) {
        seen.add(other);
        next.push(other);
      }
    }
  }
  return next;
}

// [[where it leads, how, where it starts], …]. What decides the rows of a node starts at its rows, whichever
// column led there; what counts rows is made of it, and has it always.
function stepsFrom(at, view, way, passed) {
  if (view.ofNodes) return nodes[at][way === "up" ? "parents" : "children"].filter((other) => other !== at).map((other) => [other, -1, at]);
  const from = (ref, edges) => edges.map(([other, how]) => [other, how, ref]);
  if (way === "down") return from(at, outOf[at]).filter(([target]) => view.rows || !isRows(target));
  const { base } = nodeAt[at];
  const showsRows = (view.rows || at === base) && !passed.has(base);
  if (showsRows) passed.add(base);
  return [...(at === base ? [] : from(at, into[at])), ...(showsRows ? from(base, into[base]) : [])];
}

function show(found, view, at, limit) {
  const card = view.ofNodes ? at : nodeAt[at].index;
  if (!found.cards.has(card)) {
    if (found.cards.size >= limit) {
      found.cut += 1;
      return false;
    }
    found.cards.set(card, new Set());
  }
  if (!view.ofNodes) found.cards.get(card).add(at);
  return true;
}

function addEdge(found, [source, target], how) {
  const key = `${source}>${target}`;
  if (!found.edges.has(key)) found.edges.set(key, [source, target, new Set()]);
  found.edges.get(key)[2].add(how);
}

// The deepest walk that stays readable.
function autoDepth(view) {
  let best = 1;
  for (const depth of [1, 2, 3, 4, 6, 9, 14, 99]) {
    if (walk({ ...view, depth }, READABLE_CARDS + 1).cards.size > READABLE_CARDS) break;
    best = depth;
  }
  return best;
}
const READABLE_CARDS = 30;
const MOST_CARDS = 160;

readNodes();
readEdges();
carryTags();
