"use strict";
// What the page does beyond being read: theme, tables that filter and sort, values under the pointer, copying.
// Everything is there without it.
(() => {
  const MOST_ROWS = 12;
  const root = document.documentElement;
  root.classList.add("scripted");
  const make = (name, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  };

  // --- theme ----------------------------------------------------------------------------------------
  // A page opened from a file may have no storage.
  const kept = {
    get: () => { try { return localStorage.getItem("aidbt-theme"); } catch { return null; } },
    set: (value) => { try { localStorage.setItem("aidbt-theme", value); } catch { /* this time only */ } },
  };
  const theme = document.getElementById("theme");
  const show = (name) => {
    if (name === "light" || name === "dark") root.dataset.theme = name;
    else delete root.dataset.theme;
  };
  theme.value = kept.get() ?? "auto";
  if (theme.selectedIndex < 0) theme.value = "auto";
  show(theme.value);
  theme.addEventListener("change", () => { show(theme.value); kept.set(theme.value); });
  theme.closest("label").hidden = false;

  // --- tables ---------------------------------------------------------------------------------------
  const text = (cell) => cell.dataset.v ?? cell.textContent.trim();
  const compare = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    if (a === "" || b === "") return (a === "") - (b === "");
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
  };

  for (const table of document.querySelectorAll("table.long")) {
    const body = table.tBodies[0];
    const rows = () => [...body.rows];
    let wanted = "";
    let all = false;
    const status = make("span", { className: "quiet" });
    status.setAttribute("role", "status");
    const more = make("button", { type: "button" });
    const draw = () => {
      const matching = rows().filter((row) => row.textContent.toLowerCase().includes(wanted));
      const shown = new Set(all ? matching : matching.slice(0, MOST_ROWS));
      for (const row of rows()) row.classList.toggle("beyond", !shown.has(row));
      status.textContent = wanted || shown.size < matching.length
        ? `${shown.size.toLocaleString("en")} of ${rows().length.toLocaleString("en")} shown` : "";
      more.hidden = !all && matching.length <= MOST_ROWS;
      if (all && matching.length <= MOST_ROWS) more.hidden = true;
      more.textContent = all ? "Show fewer" : `Show all ${matching.length.toLocaleString("en")}`;
    };
    more.addEventListener("click", () => { all = !all; draw(); });
    if (body.rows.length > 8) {
      const filter = make("input", { type: "search", placeholder: "Filter", autocomplete: "off", spellcheck: false });
      filter.setAttribute("aria-label", `Filter: ${table.caption.firstChild.textContent.trim()}`);
      filter.addEventListener("input", () => { wanted = filter.value.trim().toLowerCase(); draw(); });
      table.parentElement.before(make("div", { className: "tools" }, filter, status, more));
    }
    for (const head of table.tHead.rows[0].cells) {
      if (!head.textContent.trim()) continue;
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const first = head.classList.contains("n") ? "descending" : "ascending";
        const other = first === "descending" ? "ascending" : "descending";
        const way = head.getAttribute("aria-sort") === first ? other : first;
        for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", way);
        const sign = way === "ascending" ? 1 : -1;
        const at = head.cellIndex;
        const sorted = rows().map((row) => [text(row.cells[at]), row]);
        // What is empty stays at the end, whichever way.
        sorted.sort(([a], [b]) => (a === "" || b === "" ? compare(a, b) : sign * compare(a, b)));
        body.append(...sorted.map(([, row]) => row));
        draw();
      });
    }
    draw();
  }

  // --- charts: the value under the pointer, or where the arrow keys went ---------------------------------
  const tip = document.getElementById("tip");
  const said = document.getElementById("said");
  for (const chart of document.querySelectorAll(".chart[data-table]")) {
    const rows = [...document.getElementById(chart.dataset.table).tBodies[0].rows];
    if (!rows.length) continue;
    const cursor = make("div", { className: "cursor", hidden: true });
    chart.append(cursor);
    let at = rows.length - 1;
    // Where a row's point is, 0..1; days and hours are evenly apart, runs are not.
    const across = (number) => Number(rows[number].dataset.x ?? (rows.length > 1 ? number / (rows.length - 1) : 0.5));
    const nearest = (share) => rows.reduce(
      (best, _, number) => (Math.abs(across(number) - share) < Math.abs(across(best) - share) ? number : best), 0,
    );
    const place = (number) => {
      at = Math.min(Math.max(number, 0), rows.length - 1);
      const box = chart.getBoundingClientRect();
      const x = box.width * across(at);
      cursor.hidden = false;
      cursor.style.left = `${x}px`;
      const [when, value, band, odd] = [...rows[at].cells].map((cell) => cell.textContent.trim());
      tip.replaceChildren(when, make("b", {}, value), band ? `expected ${band}` : "");
      if (odd) tip.append(make("div", { className: "odd" }, odd));
      tip.hidden = false;
      const wide = tip.offsetWidth;
      tip.style.left = `${Math.max(4, Math.min(box.left + x + 12, innerWidth - wide - 8))}px`;
      tip.style.top = `${Math.max(4, box.top + 22)}px`;
    };
    const leave = () => { cursor.hidden = true; tip.hidden = true; };
    chart.tabIndex = 0;
    chart.addEventListener("pointermove", (event) => {
      const box = chart.getBoundingClientRect();
      place(nearest((event.clientX - box.left) / box.width));
    });
    chart.addEventListener("pointerleave", leave);
    chart.addEventListener("blur", leave);
    chart.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: rows.length - 1 };
      if (event.key === "Escape") leave();
      if (!(event.key in steps)) return;
      event.preventDefault();
      place(steps[event.key]);
      said.textContent = [...rows[at].cells].map((cell) => cell.textContent.trim()).filter(Boolean).join(", ");
    });
  }

  // --- the rest -------------------------------------------------------------------------------------
  for (const command of document.querySelectorAll(".command code")) {
    const button = make("button", { type: "button", className: "copy" }, "Copy");
    button.setAttribute("aria-label", `Copy: ${command.textContent}`);
    button.addEventListener("click", () => {
      const done = navigator.clipboard?.writeText(command.textContent) ?? Promise.reject();
      done.then(() => { button.textContent = "Copied"; }, () => {
        getSelection().selectAllChildren(command);
        button.textContent = "Selected";
      });
    });
    command.after(button);
  }
  // An address that names an incident that ended opens it; so does printing, all of them.
  const open = () => {
    const named = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    const folded = named?.closest("details") ?? named?.querySelector(":scope > details");
    if (folded) folded.open = true;
  };
  addEventListener("hashchange", open);
  open();
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details.ended")) folded.open = true;
  });
  const links = new Map([...document.querySelectorAll("nav.sections a")].map((a) => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-25% 0px -65% 0px" });
  for (const id of links.keys()) seen.observe(document.getElementById(id));
})();
