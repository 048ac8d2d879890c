// Each table as CSV (RFC 4180): the rows and columns shown, in their order, with the values behind what is printed.
{
  const words = (cell) => cell.textContent.replace(/\s+/g, " ").trim();
  const quoted = (field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
  function columns({ body, heads }) {
    return heads.flatMap((head, at) => {
      if (head.classList.contains("off")) return [];
      const name = head.dataset.name ?? words(head);
      const own = { name, field: (cell) => cell.dataset.v ?? words(cell), at };
      if (![...body.rows].some((row) => row.cells[at].dataset.low)) return [own];
      return [
        own,
        { name: `⟦web-lower column=name⟧`, field: (cell) => cell.dataset.low ?? "", at },
        { name: `⟦web-upper column=name⟧`, field: (cell) => cell.dataset.high ?? "", at },
      ];
    });
  }
  function csv(table) {
    const chosen = columns(table);
    const rows = [...table.body.rows].filter(isShown).map((row) => chosen.map(({ field, at }) => field(row.cells[at])));
    return [chosen.map(({ name }) => name), ...rows].map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
  }
  for (const table of tables) {
    const button = make("button", {
      type: "button",
      textContent: "CSV",
      title: "⟦web-csv⟧",
      aria: { label: `⟦web-csv-of table=called(table.figure)⟧` },
    });
    button.addEventListener("click", () => {
      save(`${table.figure.id}.csv`, new Blob([csv(table)], { type: "text/csv;charset=utf-8" }));
    });
    table.tools.append(button);
  }
}
