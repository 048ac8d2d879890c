// The index: open beside the text, folded above it on a narrow screen; the section that is being read is marked.
{
  const index = document.querySelector(".index");
  const side = index.closest(".side");
  const beside = matchMedia("(min-width: 70rem)");
  const links = [...index.querySelectorAll("a")];
  const places = links.map(targetOf);
  let current = null;
  let waiting = false;
  function fold() {
    index.open = beside.matches;
  }
  function mark() {
    waiting = false;
    const ended = Math.ceil(scrollY + innerHeight) >= document.documentElement.scrollHeight;
    const passed = (place) => place.getBoundingClientRect().top <= 80;
    const at = ended ? links.length - 1 : places.findLastIndex(passed);
    if (links[at] === current) return;
    current?.removeAttribute("aria-current");
    current = links[at] ?? null;
    current?.setAttribute("aria-current", "location");
    if (!current || !beside.matches) return;
    const { top, bottom } = current.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) side.scrollTop += top - innerHeight / 2;
  }
  addEventListener("scroll", () => (waiting ||= Boolean(requestAnimationFrame(mark))), { passive: true });
  index.addEventListener("click", (event) => {
    if (!beside.matches && event.target.closest("a")) index.open = false;
  });
  beside.addEventListener("change", fold);
  fold();
  mark();
}
