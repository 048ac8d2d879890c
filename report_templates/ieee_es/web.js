"use strict";
const plain = (text) => text.replace(/[\u00a0\u202f ]/g, "").replace("\u2212", "-").replace(",", ".");
function value(row, column) {
  const cell = row.cells[column];
  const number = Number.parseFloat(cell.dataset.v ?? plain(cell.textContent));
  return Number.isNaN(number) ? cell.textContent : number;
}
function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "es", { numeric: true });
}
for (const table of document.querySelectorAll("figure.table table")) {
  const heads = table.querySelectorAll("thead tr > *");
  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.title = `Ordenar por «${head.textContent}»`;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((p, q) => compare(value(p, head.cellIndex), value(q, head.cellIndex)) * (ascending ? 1 : -1));
      table.tBodies[0].append(...rows);
    });
  }
}
for (const heading of document.querySelectorAll(".section[id], .subsection[id]")) {
  const anchor = document.createElement("a");
  anchor.className = "anchor";
  anchor.href = `#${heading.id}`;
  anchor.textContent = "§";
  anchor.setAttribute("aria-label", "Enlace a esta sección");
  heading.append(anchor);
}
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    button.textContent = "Copiado";
  });
}
