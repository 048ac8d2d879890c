// The values of a figure's points, under the pointer, at a tap, or from point to point with the arrow keys.
{
  const REACH = 48;
  function probe(figure, series) {
    const tip = make("div", { className: "tip" });
    const ring = make("div", { className: "ring" });
    const cursor = make(
      "div",
      { className: "probe", tabIndex: 0, aria: { role: "slider", label: `⟦web-values-of figure=called(figure)⟧`, valuemin: 1 } },
      ring,
      tip,
    );
    let points = [];
    let at = 0;
    function collect() {
      points = series.filter(({ facet }) => !isHidden(facet)).flatMap((shown) =>
        shown.points.map(([x, y, said], place) => ({ x, y, said, place, title: shown.title, length: shown.points.length })),
      );
      cursor.hidden = !points.length;
      if (!points.length) return;
      cursor.setAttribute("aria-valuemax", points.length);
      conceal();
      go(Math.min(at, points.length - 1));
    }
    function go(to) {
      at = Math.max(0, Math.min(points.length - 1, to));
      const { x, y, said, title } = points[at];
      cursor.setAttribute("aria-valuenow", at + 1);
      cursor.setAttribute("aria-valuetext", `${title} · ${said}`);
      tip.replaceChildren(make("b", { textContent: title }), document.createElement("br"), said);
      for (const part of [ring, tip]) Object.assign(part.style, { left: `${100 * x}%`, top: `${100 * y}%` });
      // As far to the left as it is to the right: so it never leaves the drawing.
      tip.style.translate = `${-100 * x}% ${y < 0.5 ? "0.9rem" : "calc(-100% - 0.9rem)"}`;
    }
    function reveal() {
      cursor.classList.add("on");
    }
    function conceal() {
      cursor.classList.remove("on");
    }
    function nearest(event) {
      const box = cursor.getBoundingClientRect();
      const away = ({ x, y }) => Math.hypot(box.left + x * box.width - event.clientX, box.top + y * box.height - event.clientY);
      let found = 0;
      points.forEach((point, index) => {
        if (away(point) < away(points[found])) found = index;
      });
      if (away(points[found]) > REACH) return conceal();
      go(found);
      reveal();
    }
    const steps = {
      ArrowRight: () => at + 1,
      ArrowLeft: () => at - 1,
      ArrowDown: () => neighbour(1),
      ArrowUp: () => neighbour(-1),
      Home: () => 0,
      End: () => points.length - 1,
    };
    /** The same place in the series after or before this one. */
    function neighbour(way) {
      const { place, length } = points[at];
      const edge = way > 0 ? at - place + length : at - place - 1;
      const other = points[edge];
      return other ? edge - other.place + Math.min(place, other.length - 1) : at;
    }
    cursor.addEventListener("pointermove", nearest);
    cursor.addEventListener("click", nearest);
    cursor.addEventListener("pointerleave", () => document.activeElement === cursor || conceal());
    cursor.addEventListener("focus", () => cursor.matches(":focus-visible") && reveal());
    cursor.addEventListener("blur", conceal);
    cursor.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return conceal();
      if (!steps[event.key]) return;
      event.preventDefault();
      go(steps[event.key]());
      reveal();
    });
    document.addEventListener("facets", collect);
    collect();
    return cursor;
  }
  for (const data of document.querySelectorAll("figure > script[type='application/json']")) {
    const figure = data.parentElement;
    figure.querySelector(".card").append(probe(figure, JSON.parse(data.textContent)));
  }
}
