// What a reference points at, beside it, for as long as the pointer or the focus of the keyboard stays.
{
  const APPEAR = 250;
  const VANISH = 200;
  const panel = make("div", { className: "preview", id: "preview", popover: "manual", aria: { role: "tooltip" } });
  document.body.append(panel);
  let of = null;
  let timer = 0;
  const PARTS = ".card, .grid, .gallery, pre, .scroll, figcaption, .note:not(.without)";
  const paragraph = (node) => make("p", {}, ...imageOf(node).childNodes);
  function shown(target) {
    if (target.matches("figure")) return [...target.children].filter((part) => part.matches(PARTS)).map(imageOf);
    if (!target.matches("h2, h3")) return [paragraph(target.querySelector(".body") ?? target)];
    const next = target.nextElementSibling;
    return [target, ...(next?.matches("p") ? [next] : [])].map(paragraph);
  }
  function open(link) {
    const target = targetOf(link);
    if (!target || of === link) return;
    close();
    of = link;
    panel.replaceChildren(...shown(target));
    panel.showPopover();
    placeBeside(panel, link);
    link.setAttribute("aria-describedby", panel.id);
  }
  function close() {
    clearTimeout(timer);
    of?.removeAttribute("aria-describedby");
    of = null;
    if (panel.matches(":popover-open")) panel.hidePopover();
  }
  function later(what, delay) {
    clearTimeout(timer);
    timer = setTimeout(what, delay);
  }
  for (const link of document.querySelectorAll("main a.cite, main a.ref")) {
    link.addEventListener("pointerenter", ({ pointerType }) => {
      if (pointerType === "mouse") later(() => open(link), APPEAR);
    });
    link.addEventListener("pointerleave", () => later(close, VANISH));
    link.addEventListener("focus", () => link.matches(":focus-visible") && open(link));
    link.addEventListener("blur", close);
    link.addEventListener("click", close);
  }
  panel.addEventListener("pointerenter", () => clearTimeout(timer));
  panel.addEventListener("pointerleave", () => later(close, VANISH));
  document.addEventListener("keydown", ({ key }) => key === "Escape" && close());
}
