// Where there is no room for panels abreast, figures are as they were drawn with one panel below the other.
if (matchMedia("(max-width: 40rem)").matches) {
  for (const spare of document.querySelectorAll("figure > template.narrow")) {
    const figure = spare.parentElement;
    figure.querySelector(".card").replaceChildren(spare.content.querySelector("svg"));
    figure.querySelector(":scope > script")?.replaceWith(spare.content.querySelector("script"));
    figure.classList.remove("wide");
  }
}
