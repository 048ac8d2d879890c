// Light or dark: as the system says until the reader chooses otherwise, remembered where the browser allows it.
{
  const KEY = "benchsuite-theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const button = make("button", { type: "button", textContent: "⟦web-dark⟧" });
  let chosen = null;
  try {
    chosen = localStorage.getItem(KEY);
  } catch {
    // No storage: the choice lasts as long as the page.
  }
  const isDark = () => (chosen ? chosen === "dark" : system.matches);
  function show() {
    if (chosen) document.documentElement.dataset.theme = chosen;
    else delete document.documentElement.dataset.theme;
    button.setAttribute("aria-pressed", String(isDark()));
  }
  button.addEventListener("click", () => {
    // Back to what the system says is no choice any more: the page follows it again.
    chosen = isDark() === system.matches ? (isDark() ? "light" : "dark") : null;
    try {
      if (chosen) localStorage.setItem(KEY, chosen);
      else localStorage.removeItem(KEY);
    } catch {
      // Nor here.
    }
    show();
  });
  system.addEventListener("change", show);
  options.append(button);
  show();
}
