/* The table of a published register: find and sort in the browser. Without scripts the whole table is there, by name. */
"use strict";
(() => {
  const table = document.getElementById("agencies"), find = document.getElementById("find");
  if (!table || !find) return;
  const body = table.tBodies[0], rows = Array.from(body.rows);
  find.hidden = false;
  find.querySelector("input").addEventListener("input", event => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    for (const row of rows) row.hidden = !words.every(word => row.textContent.toLowerCase().includes(word));
  });
  const value = (row, column) => {
    const text = row.cells[column].textContent.trim();
    return text === "–" ? 0.5 : /^\d+$/.test(text) ? Number(text) : text.toLowerCase();
  };
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.className = "quiet";
    button.textContent = head.textContent;
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((a, b) => {
        const x = value(a, column), y = value(b, column);
        return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
      });
      body.append(...rows);
    });
    head.replaceChildren(button);
  });
})();
