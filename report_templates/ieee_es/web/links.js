// Links to sections, and buttons that copy the BibTeX entries.
for (const heading of document.querySelectorAll(".section[id], .subsection[id]")) {
  const label = `⟦web-link-to title=heading.textContent⟧`;
  heading.append(make("a", { className: "anchor", href: `#${heading.id}`, textContent: "§", aria: { label } }));
}
for (const entry of document.querySelectorAll(".bibtex")) {
  const button = make("button", { type: "button", textContent: "⟦web-copy⟧" });
  const said = make("output", { className: "count" });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(entry.textContent);
    } catch {
      getSelection().selectAllChildren(entry);
      if (!document.execCommand("copy")) return void (said.textContent = "⟦web-selected⟧");
    }
    said.textContent = "⟦web-copied⟧";
  });
  entry.after(button, " ", said);
}
