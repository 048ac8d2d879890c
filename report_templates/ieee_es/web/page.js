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
function spanish(number) {
  return number.toLocaleString("⟦language-tag⟧");
}
const options = make("aside", { className: "options", aria: { label: "⟦web-options⟧" } });
document.querySelector(".side").append(options);
