// Tables sort by any column, by the values behind what is printed, and those of some length can be filtered.
const FEWEST_ROWS = 6;
const tables = [...document.querySelectorAll("figure.table")].map((figure) => {
  const table = figure.querySelector("table");
  const tools = make("div", { className: "tools" });
  figure.querySelector("figcaption").after(tools);
  return { figure, table, tools, body: table.tBodies[0], heads: [...table.tHead.rows[0].cells] };
});
function isShown(row) {
  return !row.hidden && !row.classList.contains("off");
}
{
  const plain = (text) => text.replace(/[\u00a0\u202f ]/g, "").replace("\u2212", "-").replace(",", ".");
  const folded = (text) => text.normalize("NFD").replace(/[\u0300-\u036f\u00ad]/g, "").replace(/\s+/g, " ").toLowerCase();
  function value(row, column) {
    const cell = row.cells[column];
    const number = Number.parseFloat(cell.dataset.v ?? plain(cell.textContent));
    return Number.isNaN(number) ? cell.textContent : number;
  }
  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a.localeCompare(b, "⟦language-tag⟧", { numeric: true });
  }
  function sortable({ body, heads }) {
    const original = [...body.rows];
    for (const head of heads) {
      const button = make("button", { type: "button", title: "⟦web-sort⟧" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const order = { ascending: "descending", descending: null }[head.ariaSort];
        for (const other of heads) other.removeAttribute("aria-sort");
        if (order === null) return body.append(...original);
        head.ariaSort = order ?? "ascending";
        const way = head.ariaSort === "ascending" ? 1 : -1;
        const by = (p, q) => way * compare(value(p, head.cellIndex), value(q, head.cellIndex));
        body.append(...[...original].sort(by));
      });
    }
  }
  function filterable({ figure, body, tools }) {
    const input = make("input", { type: "search", aria: { label: `⟦web-filter-rows table=called(figure)⟧` } });
    const count = make("output", { className: "count" });
    function say() {
      const shown = [...body.rows].filter(isShown).length;
      count.textContent = shown < body.rows.length ? `⟦web-rows-left shown=grouped(shown) every=grouped(body.rows.length)⟧` : "";
    }
    function filter() {
      const words = folded(input.value).split(" ").filter(Boolean);
      for (const row of body.rows) {
        const cells = [...row.cells].filter((cell) => !cell.classList.contains("off"));
        const text = folded(cells.map((cell) => cell.textContent).join(" "));
        row.hidden = !words.every((word) => text.includes(word));
      }
      say();
    }
    input.addEventListener("input", filter);
    document.addEventListener("facets", filter);
    tools.append(make("label", {}, "⟦web-filter⟧ ", input), count);
  }
  for (const table of tables) {
    sortable(table);
    if (table.body.rows.length >= FEWEST_ROWS) filterable(table);
  }
}
