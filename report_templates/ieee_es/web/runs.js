// The runs behind a number: a click, a tap or Enter lists them, each with the way to the table that tells of it.
{
  const titles = new Map(facets.cases);
  const known = new Map(facets.runs.map(([key, name, seed]) => [key.slice(0, 12), { name, seed }]));
  const panel = make("div", { className: "runs", popover: "auto", tabIndex: -1, aria: { role: "dialog" } });
  document.body.append(panel);
  let opener = null;
  /** Whether a click asks for another tab or window. */
  function isElsewhere({ ctrlKey, metaKey, shiftKey }) {
    return ctrlKey || metaKey || shiftKey;
  }
  function entry(key) {
    const place = `run-${key}`;
    const code = make("code", { textContent: key });
    const item = make("li", {}, document.getElementById(place) ? make("a", { href: `#${place}` }, code) : code);
    const run = known.get(key);
    if (!run) return item;
    const which = facets.cases.length > 1 ? ` ${facets.factor}: ${titles.get(run.name)}, ⟦web-seed⟧ ` : " ⟦web-seed⟧ ";
    item.append(which, String(run.seed));
    return item;
  }
  function open(link, keys, what) {
    const said = keys.length > 1 ? `⟦web-several-runs count=grouped(keys.length)⟧` : "⟦web-one-run⟧";
    const title = `⟦web-runs-behind runs=said number=what⟧`;
    panel.setAttribute("aria-label", title);
    panel.replaceChildren(make("p", { textContent: title }), make("ul", {}, ...keys.map(entry)));
    panel.showPopover();
    placeBeside(panel, link);
    link.setAttribute("aria-expanded", "true");
    opener = link;
    panel.focus({ preventScroll: true });
  }
  panel.addEventListener("beforetoggle", ({ newState }) => {
    if (newState === "closed") opener?.setAttribute("aria-expanded", "false");
  });
  panel.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || isElsewhere(event)) return;
    event.preventDefault();
    // Closing gives the focus back to the number: it moves on only after that.
    panel.hidePopover();
    location.hash = link.hash;
    const target = document.querySelector(link.hash);
    target.tabIndex = -1;
    target.focus();
  });
  for (const link of document.querySelectorAll("a.q")) {
    link.setAttribute("aria-haspopup", "dialog");
    link.setAttribute("aria-expanded", "false");
    link.addEventListener("click", (event) => {
      if (isElsewhere(event)) return;
      event.preventDefault();
      open(link, link.dataset.runs.split(" "), link.textContent.trim());
    });
  }
  // What a figure shows comes from runs, too.
  for (const { figure, tools } of figures) {
    const data = figure.querySelector(":scope > script[type='application/json']");
    const shown = data ? JSON.parse(data.textContent).map(({ facet }) => facet) : [];
    const isShown = ([, name, seed]) => shown.some((facet) => facet.case === name && (facet.seed ?? seed) === seed);
    const keys = facets.runs.filter(isShown).map(([key]) => key.slice(0, 12));
    if (!keys.length) continue;
    const button = make("button", { type: "button", textContent: `⟦web-figure-runs count=grouped(keys.length)⟧` });
    button.setAttribute("aria-haspopup", "dialog");
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => open(button, keys, `⟦web-the-figure figure=called(figure)⟧`));
    tools.append(button);
  }
}
