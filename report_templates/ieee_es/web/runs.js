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
  function open(link) {
    const keys = link.dataset.runs.split(" ");
    const said = keys.length > 1 ? `⟦web-several-runs count=spanish(keys.length)⟧` : "⟦web-one-run⟧";
    const title = `⟦web-runs-behind runs=said number=link.textContent.trim()⟧`;
    panel.setAttribute("aria-label", title);
    panel.replaceChildren(make("p", { textContent: title }), make("ul", {}, ...keys.map(entry)));
    panel.showPopover();
    const box = link.getBoundingClientRect();
    const right = document.documentElement.clientWidth - panel.offsetWidth - 8;
    const below = box.bottom + 6 + panel.offsetHeight < innerHeight || box.top < panel.offsetHeight + 6;
    const top = below ? box.bottom + 6 : box.top - panel.offsetHeight - 6;
    panel.style.left = `${Math.max(8, Math.min(box.left, right)) + scrollX}px`;
    panel.style.top = `${top + scrollY}px`;
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
      open(link);
    });
  }
}
