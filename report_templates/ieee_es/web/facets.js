// Which cases and seeds are shown: series and marks in figures, rows and columns in tables.
const facets = JSON.parse(document.getElementById("facets").textContent);
const hidden = { cases: new Set(), seeds: new Set() };
function isHidden(facet) {
  return hidden.cases.has(facet.case) || (facet.seed != null && hidden.seeds.has(String(facet.seed)));
}
{
  const titles = new Map(facets.cases);
  const marked = document.querySelectorAll("[data-case], [data-seed], [data-legend]");
  const facetOf = ({ dataset }) => ({ case: dataset.case ?? dataset.legend, seed: dataset.seed });
  const notes = new Map();
  for (const node of marked) {
    const figure = node.closest("figure");
    if (!notes.has(figure)) notes.set(figure, figure.appendChild(make("p", { className: "note without", hidden: true })));
  }
  function missing(figure) {
    const cases = new Set();
    const seeds = new Set();
    for (const node of figure.querySelectorAll(".off")) {
      const facet = facetOf(node);
      if (hidden.cases.has(facet.case)) cases.add(titles.get(facet.case));
      else seeds.add(facet.seed);
    }
    const parts = [];
    if (cases.size) parts.push(`${facets.factor}: ${[...cases].join("; ")}`);
    if (seeds.size) parts.push(`${seeds.size === 1 ? "⟦web-seed⟧" : "⟦web-seeds⟧"} ${[...seeds].join(", ")}`);
    return parts.join("; ");
  }
  function refresh() {
    for (const node of marked) node.classList.toggle("off", isHidden(facetOf(node)));
    for (const [figure, note] of notes) {
      const said = missing(figure);
      note.hidden = !said;
      note.textContent = said && `⟦web-without what=said⟧`;
    }
    all.hidden = !hidden.cases.size && !hidden.seeds.size;
    document.dispatchEvent(new Event("facets"));
  }
  function choices(title, kind, entries) {
    const boxes = entries.map(([name, label]) => {
      const box = make("input", { type: "checkbox", checked: true, value: name });
      box.addEventListener("change", () => {
        if (box.checked) hidden[kind].delete(name);
        else hidden[kind].add(name);
        refresh();
      });
      return make("label", {}, box, ` ${label}`);
    });
    return make("fieldset", {}, make("legend", { textContent: title }), ...boxes);
  }
  const all = make("button", { type: "button", textContent: "⟦web-show-all⟧", hidden: true });
  const has = (name) => [...marked].some((node) => node.dataset[name] !== undefined);
  const groups = [];
  if (facets.cases.length > 1 && has("case")) groups.push(choices(facets.factor, "cases", facets.cases));
  if (facets.seeds.length > 1 && has("seed")) {
    groups.push(choices("⟦web-seeds-legend⟧", "seeds", facets.seeds.map((seed) => [String(seed), seed])));
  }
  if (groups.length) {
    const panel = make("details", {}, make("summary", { textContent: "⟦web-shown⟧" }), ...groups, all);
    const caution = "⟦web-shown-caution⟧";
    panel.append(make("p", { className: "note", textContent: caution }));
    all.addEventListener("click", () => {
      for (const box of panel.querySelectorAll("input")) box.checked = true;
      hidden.cases.clear();
      hidden.seeds.clear();
      panel.querySelector("summary").focus();
      refresh();
    });
    options.append(panel);
  }
}
