
// Where cards stand: layers from left to right by longest path (Sugiyama, Tagawa and Toda 1981), with unseen
// cells where an edge passes a layer, ordered by barycentres, then as near to their neighbours as they may.

const CARD = { width: 208, head: 44, row: 22, foot: 6, gapX: 66, gapY: 22, passing: 12 };

// cards: [{key, height}]; links: [{from, to, fromY, toY}] by key, the y being where it ends in the card.
// Gives {cells: key → {x, y}, paths: [[{x, y}, …] for each link]}.
function layOut(cards, links) {
  const layerOf = layersOf(cards.map((card) => card.key), links);
  const layers = Array.from({ length: Math.max(...layerOf.values(), 0) + 1 }, () => []);
  const cells = new Map();
  for (const { key, height } of cards) {
    const cell = { height, layer: layerOf.get(key), left: [], right: [], y: 0 };
    cells.set(key, cell);
    layers[cell.layer].push(cell);
  }
  const chains = new Map();
  for (const { from, to, fromY, toY } of links) {
    if (layerOf.get(from) >= layerOf.get(to)) continue;
    const pair = `${from}>${to}`;
    if (!chains.has(pair)) chains.set(pair, { cells: [], fromY: [], toY: [], from, to });
    chains.get(pair).fromY.push(fromY);
    chains.get(pair).toY.push(toY);
  }
  for (const chain of chains.values()) connectCells(chain, cells, layers);
  order(layers);
  place(layers);
  for (const cell of cells.values()) cell.x = cell.layer * (CARD.width + CARD.gapX);
  return { cells, paths: links.map((link, at) => pathOf(link, at, cells, chains, layerOf)) };
}

function connectCells(chain, cells, layers) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  let before = cells.get(chain.from);
  let beforeY = mean(chain.fromY);
  const last = cells.get(chain.to);
  for (let layer = before.layer + 1; layer <= last.layer; layer += 1) {
    const cell = layer === last.layer
      ? last
      : { height: CARD.passing + 4 * Math.min(chain.fromY.length, 4), layer, left: [], right: [], y: 0 };
    const y = cell === last ? mean(chain.toY) : cell.height / 2;
    if (cell !== last) {
      chain.cells.push(cell);
      layers[layer].push(cell);
    }
    before.right.push({ cell, mine: beforeY, theirs: y });
    cell.left.push({ cell: before, mine: y, theirs: beforeY });
    before = cell;
    beforeY = y;
  }
}

// Each node right of all that lead to it. Edges that close a circle are left out; what nothing leads to
// stands next to what it leads to, not at the far left.
function layersOf(keys, links) {
  const after = new Map(keys.map((key) => [key, new Set()]));
  const before = new Map(keys.map((key) => [key, new Set()]));
  for (const { from, to } of links) {
    if (from !== to) {
      after.get(from).add(to);
      before.get(to).add(from);
    }
  }
  const state = new Map();
  const sorted = [];
  // Those that nothing leads to come first, so that a circle is opened where it is entered.
  for (const root of [...keys].sort((a, b) => Number(before.get(a).size > 0) - Number(before.get(b).size > 0))) {
    if (state.has(root)) continue;
    state.set(root, "open");
    const stack = [[root, [...after.get(root)]]];
    while (stack.length) {
      const [key, waiting] = stack[stack.length - 1];
      const next = waiting.pop();
      if (next === undefined) {
        stack.pop();
        state.set(key, "done");
        sorted.unshift(key);
      } else if (state.get(next) === "open") {
        after.get(key).delete(next);
        before.get(next).delete(key);
      } else if (!state.has(next)) {
        state.set(next, "open");
        stack.push([next, [...after.get(next)]]);
      }
    }
  }
  const layers = new Map();
  for (const key of sorted) layers.set(key, Math.max(-1, ...[...before.get(key)].map((other) => layers.get(other))) + 1);
  for (const key of [...sorted].reverse()) {
    const following = [...after.get(key)].map((other) => layers.get(other));
    if (following.length && !before.get(key).size) layers.set(key, Math.min(...following) - 1);
  }
  return layers;
}

function order(layers) {
  layers.forEach((layer) => layer.forEach((cell, at) => { cell.at = at; }));
  const centre = (links) => links.reduce((sum, { cell, theirs }) => sum + cell.at + theirs / 1e4, 0) / links.length;
  for (let sweep = 0; sweep < 10; sweep += 1) {
    const side = sweep % 2 ? "right" : "left";
    for (const layer of sweep % 2 ? [...layers].reverse() : layers) {
      const wanted = new Map(layer.map((cell) => [cell, cell[side].length ? centre(cell[side]) : cell.at]));
      layer.sort((a, b) => wanted.get(a) - wanted.get(b));
      layer.forEach((cell, at) => { cell.at = at; });
    }
  }
}

function place(layers) {
  for (const layer of layers) {
    let y = 0;
    for (const cell of layer) {
      cell.y = y;
      y += cell.height + CARD.gapY;
    }
  }
  for (let sweep = 0; sweep < 12; sweep += 1) {
    const sides = sweep < 8 ? [sweep % 2 ? "right" : "left"] : ["left", "right"];
    for (const layer of sweep % 2 ? [...layers].reverse() : layers) settle(layer, sides);
  }
}

// As near as possible to where each wants to be, in this order and without overlap: isotonic regression by
// pooling adjacent violators, each cell shifted up by the heights above it.
function settle(layer, sides) {
  const pools = [];
  let above = 0;
  for (const cell of layer) {
    const links = sides.flatMap((side) => cell[side]);
    const sum = links.reduce((total, { cell: other, mine, theirs }) => total + other.y + theirs - mine, 0);
    const weight = links.length || 0.2;
    const wanted = (links.length ? sum / links.length : cell.y) - above;
    pools.push({ sum: wanted * weight, weight, cells: [[cell, above]] });
    above += cell.height + CARD.gapY;
    while (pools.length > 1) {
      const [upper, lower] = pools.slice(-2);
      if (upper.sum / upper.weight <= lower.sum / lower.weight) break;
      pools.splice(-2, 2, {
        sum: upper.sum + lower.sum, weight: upper.weight + lower.weight, cells: [...upper.cells, ...lower.cells],
      });
    }
  }
  for (const { sum, weight, cells } of pools) for (const [cell, offset] of cells) cell.y = sum / weight + offset;
}

function pathOf({ from, to, fromY, toY }, at, cells, chains, layerOf) {
  const [source, target] = [cells.get(from), cells.get(to)];
  const start = { x: source.x + CARD.width, y: source.y + fromY };
  const end = { x: target.x, y: target.y + toY };
  if (layerOf.get(from) >= layerOf.get(to)) return [start, end];
  const passing = chains.get(`${from}>${to}`).cells.flatMap((cell) => {
    const x = cell.layer * (CARD.width + CARD.gapX);
    const y = cell.y + cell.height / 2 + ((at % 5) - 2) * 3;
    return [{ x, y }, { x: x + CARD.width, y }];
  });
  return [start, ...passing, end];
}
