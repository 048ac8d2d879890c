// What the pages of the site do beyond what they say: light and dark, copying a command, and the table of runs.
"use strict";

// Light or dark: as the system says until the reader chooses otherwise; papers know the choice by the same name.
const THEME = "benchsuite-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
let chosen = null;
try {
  chosen = localStorage.getItem(THEME);
} catch {
  // No storage: the choice lasts as long as the page.
}
const isDark = () => (chosen ? chosen === "dark" : system.matches);
function showTheme() {
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
  document.getElementById("theme")?.setAttribute("aria-pressed", String(isDark()));
}
showTheme(); // before anything is painted

function startTheme() {
  const button = document.getElementById("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    chosen = isDark() === system.matches ? (isDark() ? "light" : "dark") : null;
    try {
      if (chosen) localStorage.setItem(THEME, chosen);
      else localStorage.removeItem(THEME);
    } catch {
      // Nor here.
    }
    showTheme();
  });
  system.addEventListener("change", showTheme);
  showTheme();
}

function startCopying() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.parentElement.querySelector("pre").textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Select it, and copy it by hand";
      }
    });
  }
}

// The table: all rows are data, of which those of one page are in the document. What is chosen is in the address.
function startTable() {
  const source = document.getElementById("runs");
  if (source?.type !== "application/json") return;
  const { columns, studies, rows } = JSON.parse(source.textContent);
  const at = Object.fromEntries(columns.map((name, index) => [name, index]));
  const form = document.getElementById("tools");
  const table = document.getElementById("table");
  const heads = [...table.tHead.rows[0].cells];
  const bare = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const collator = new Intl.Collator("en", { numeric: true });
  const found = rows.map((row, index) => {
    const study = studies[row[at.study]];
    const words = [study.name, study.title, row[at.case], `seed ${row[at.seed]}`, row[at.status], row[at.key], row[at.device]];
    return { row, index, study, words: bare(words.join(" ")) };
  });
  const start = { q: "", study: "", status: "", rows: "50", sort: "", page: 1 };
  let state = { ...start };
  let shown = [];

  function value({ row, study }, name) {
    return name === "study" ? study.name : row[at[name]];
  }
  function compared(one, other, name, sign) {
    const [a, b] = [value(one, name), value(other, name)];
    if (a === null || b === null) return (a === null) - (b === null) || one.index - other.index; // nothing comes last
    const order = typeof a === "number" ? a - b : collator.compare(a, b);
    return sign * order || one.index - other.index;
  }
  function choose() {
    const words = bare(state.q).split(/\s+/).filter(Boolean);
    shown = found.filter(
      ({ row, study, words: own }) =>
        (!state.study || study.slug === state.study) &&
        (!state.status || row[at.status] === state.status) &&
        words.every((word) => own.includes(word)),
    );
    if (state.sort) {
      const name = state.sort.replace(/^-/, "");
      shown.sort((one, other) => compared(one, other, name, state.sort[0] === "-" ? -1 : 1));
    }
  }

  const made = (tag, text, name) => Object.assign(document.createElement(tag), { textContent: text, className: name ?? "" });
  const share = (number) => (number === null ? "" : `${(100 * number).toFixed(1)}%`);
  const plain = (number) => (number === null ? "" : String(number));
  const print = {
    test_accuracy: share,
    validation_accuracy: share,
    test_macro_f1: (number) => (number === null ? "" : number.toFixed(3)),
    total_seconds: (number) => (number === null ? "" : number.toFixed(number < 100 ? 1 : 0)),
    finished: (text) => text.replace("T", " ").replace(/:\d\d(\.\d+)?Z$/, ""),
  };
  function cells(one) {
    return heads.map((head) => {
      const { name } = head.dataset;
      if (name === "case") {
        const cell = made("th", "");
        cell.scope = "row";
        const link = made("a", "");
        link.href = one.row[at.page];
        for (const part of one.row[at.case].split(/(?<=[,=])/)) link.append(part, made("wbr", "")); // it breaks there
        cell.append(link);
        return cell;
      }
      const content = value(one, name);
      const cell = made("td", (print[name] ?? plain)(content), head.className);
      if (name === "status") cell.className = `status-${content}`;
      if (name === "study") cell.title = one.study.title;
      if (name === "device") cell.title = content;
      return cell;
    });
  }
  function draw() {
    const size = Number(state.rows);
    const pages = Math.max(1, Math.ceil(shown.length / size));
    state.page = Math.min(Math.max(1, state.page), pages);
    const first = (state.page - 1) * size;
    const body = document.createElement("tbody");
    for (const one of shown.slice(first, first + size)) {
      const row = document.createElement("tr");
      row.append(...cells(one));
      body.append(row);
    }
    table.tBodies[0].replaceWith(body);
    for (const head of heads) {
      if (state.sort.replace(/^-/, "") !== head.dataset.name) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", state.sort[0] === "-" ? "descending" : "ascending");
    }
    const told = (number) => number.toLocaleString("en");
    const all = `${told(rows.length)} run${rows.length === 1 ? "" : "s"}`;
    document.getElementById("count").textContent = shown.length === rows.length ? all : `${told(shown.length)} of ${all}`;
    document.getElementById("pager").hidden = pages === 1;
    document.getElementById("place").textContent = `Page ${told(state.page)} of ${told(pages)}`;
    document.getElementById("previous").disabled = state.page === 1;
    document.getElementById("next").disabled = state.page === pages;
  }
  function remember() {
    const changed = Object.entries(state).filter(([name, own]) => String(own) !== String(start[name]));
    const text = new URLSearchParams(changed).toString();
    try {
      history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
    } catch {
      // Where addresses may not be changed, the table works all the same.
    }
  }
  function change(what) {
    state = { ...state, page: 1, ...what };
    choose();
    draw();
    remember();
  }
  function read() {
    const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    state = { ...start, ...Object.fromEntries(Object.entries(given).filter(([name]) => name in start)) };
    state.page = Number.parseInt(state.page, 10) || 1;
    if (!heads.some((head) => head.dataset.name === state.sort.replace(/^-/, ""))) state.sort = "";
    for (const name of ["q", "study", "status", "rows"]) {
      form.elements[name].value = state[name];
      if (form.elements[name].value !== state[name]) form.elements[name].value = state[name] = start[name];
    }
    choose();
    draw();
  }

  let waiting = 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    clearTimeout(waiting);
    // All of them: what was typed a moment before another choice may still be waiting.
    waiting = setTimeout(() => change(Object.fromEntries(new FormData(form))), target.name === "q" ? 120 : 0);
  });
  form.addEventListener("reset", () => {
    clearTimeout(waiting);
    change({ ...start });
  });
  for (const head of heads) {
    head.firstElementChild.addEventListener("click", () => {
      const { name, first } = head.dataset;
      const [once, twice] = first === "descending" ? [`-${name}`, name] : [name, `-${name}`];
      change({ sort: state.sort === once ? twice : state.sort === twice ? "" : once });
    });
  }
  for (const [id, step] of [["previous", -1], ["next", 1]]) {
    document.getElementById(id).addEventListener("click", () => {
      change({ page: state.page + step });
      table.scrollIntoView({ block: "nearest" });
    });
  }
  document.getElementById("csv").addEventListener("click", () => {
    const quoted = (field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
    const names = columns.filter((name) => name !== "page");
    const lines = [names, ...shown.map((one) => names.map((name) => plain(value(one, name))))];
    const text = lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
    const href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    Object.assign(document.createElement("a"), { href, download: "runs.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(href));
  });
  addEventListener("hashchange", read);
  form.hidden = false;
  read();
}

document.addEventListener("DOMContentLoaded", () => {
  startTheme();
  startCopying();
  startTable();
});
