// Each drawing larger, and as a file: SVG with its typeface, or PNG.
const figures = [...document.querySelectorAll("figure.figure > .card")].map((card) => {
  const tools = make("div", { className: "tools" });
  card.after(tools);
  return { figure: card.parentElement, tools };
});
{
  const SCALE = 4;
  const zoom = make("dialog", { className: "zoom" });
  document.body.append(zoom);
  zoom.addEventListener("click", ({ target }) => target === zoom && zoom.close());
  function enlarge(figure) {
    const close = make("button", { type: "button", textContent: "⟦web-close⟧", autofocus: true });
    close.addEventListener("click", () => zoom.close());
    const card = imageOf(figure.querySelector(".card"));
    card.tabIndex = 0;
    card.setAttribute("role", "group");
    card.setAttribute("aria-label", called(figure));
    const caption = make("p", {}, ...imageOf(figure.querySelector("figcaption")).childNodes);
    zoom.setAttribute("aria-label", called(figure));
    zoom.replaceChildren(make("div", { className: "tools" }, close), card, caption);
    zoom.showModal();
  }
  /** The drawing as a file of its own: what is hidden is left out, the typeface comes along. */
  function standalone(figure) {
    const drawing = figure.querySelector(".card svg").cloneNode(true);
    for (const part of drawing.querySelectorAll(".off:not([data-legend])")) part.remove();
    const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
    const faces = rules.filter((rule) => rule instanceof CSSFontFaceRule && rule.cssText.includes("weight: 400"));
    const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
    style.textContent = faces.map((rule) => rule.cssText).join("");
    drawing.prepend(style);
    return new XMLSerializer().serializeToString(drawing);
  }
  async function pixels(figure) {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(figure))}`;
    await image.decode();
    const canvas = make("canvas", { width: SCALE * image.width, height: SCALE * image.height });
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  }
  for (const { figure, tools } of figures) {
    const button = (textContent, what, act) => {
      const made = make("button", { type: "button", textContent, aria: { label: `${what}: ${called(figure)}` } });
      made.addEventListener("click", act);
      tools.append(made);
    };
    const drawing = () => new Blob([standalone(figure)], { type: "image/svg+xml" });
    button("⟦web-enlarge⟧", "⟦web-enlarge⟧", () => enlarge(figure));
    button("SVG", "⟦web-save-svg⟧", () => save(`${figure.id}.svg`, drawing()));
    button("PNG", "⟦web-save-png⟧", async () => save(`${figure.id}.png`, await pixels(figure)));
  }
}
