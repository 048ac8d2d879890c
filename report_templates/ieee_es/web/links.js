// Links to sections, and buttons that copy the BibTeX entries.
for (const heading of document.querySelectorAll(".section[id], .subsection[id]")) {
  const label = `Enlace a «${heading.textContent}»`;
  heading.append(make("a", { className: "anchor", href: `#${heading.id}`, textContent: "§", aria: { label } }));
}
for (const entry of document.querySelectorAll(".bibtex")) {
  const button = make("button", { type: "button", textContent: "Copiar BibTeX" });
  const said = make("output", { className: "count" });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(entry.textContent);
    } catch {
      getSelection().selectAllChildren(entry);
      if (!document.execCommand("copy")) return void (said.textContent = "Seleccionado: cópielo con el teclado");
    }
    said.textContent = "Copiado";
  });
  entry.after(button, " ", said);
}
