// What the other scripts share. Every control is made by them: without scripts the page lacks controls, not content.
"use strict";
function make(tag, properties = {}, ...children) {
  const { aria = {}, ...rest } = properties;
  const node = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(aria)) node.setAttribute(name === "role" ? name : `aria-${name}`, value);
  node.append(...children);
  return node;
}
/** «Cuadro II», «Figura 3»: how the paper calls a figure or table. */
function called(figure) {
  const caption = figure.querySelector("figcaption").firstChild.textContent.trim();
  return caption.match(/^(?:⟦web-called⟧)\s\w+/)?.[0] ?? caption;
}
function grouped(number) {
  return number.toLocaleString("⟦language-tag⟧");
}
const options = make("aside", { className: "options", aria: { label: "⟦web-options⟧" } });
document.querySelector(".side").append(options);
/** What a link within the page leads to. */
function targetOf(link) {
  return document.getElementById(decodeURIComponent(link.hash.slice(1)));
}
function save(name, blob) {
  const href = URL.createObjectURL(blob);
  make("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href));
}
/** Put an open panel under a link, or above it where there is more room. */
function placeBeside(panel, link) {
  const box = link.getClientRects()[0];
  const right = document.documentElement.clientWidth - panel.offsetWidth - 8;
  const below = box.bottom + 6 + panel.offsetHeight < innerHeight || box.top < panel.offsetHeight + 6;
  const top = below ? box.bottom + 6 : box.top - panel.offsetHeight - 6;
  panel.style.left = `${Math.max(8, Math.min(box.left, right)) + scrollX}px`;
  panel.style.top = `${top + scrollY}px`;
}
/** A copy to look at: without what names places, what is operated, and what leads elsewhere. */
function imageOf(node) {
  const copy = node.cloneNode(true);
  const gone = "script, template, details, .probe, .tools, .without, .back, .anchor";
  for (const part of copy.querySelectorAll(gone)) part.remove();
  for (const part of copy.querySelectorAll("a, button")) part.replaceWith(...part.childNodes);
  for (const part of [copy, ...copy.querySelectorAll("*")]) {
    for (const name of ["id", "tabindex", "aria-labelledby", "role", "data-b"]) part.removeAttribute(name);
  }
  return copy;
}
