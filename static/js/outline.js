// The outline of an article: its rows are dragged by their handles, with a finger, too. The buttons
// beside them do the same without a pointer. What is let go is sent with the whole form.
(() => {
  let row = null;
  let before = null;

  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("[data-handle]");
    if (!handle || event.button) return;
    row = handle.closest("[data-row]");
    before = row.previousElementSibling;
    handle.setPointerCapture(event.pointerId);
    row.dataset.dragged = "";
    event.preventDefault();
  });

  document.addEventListener("pointermove", (event) => {
    if (!row) return;
    for (const other of row.parentElement.children) {
      if (other === row) continue;
      const { top, height } = other.getBoundingClientRect();
      const follows = row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (follows && event.clientY > top + height / 2) other.after(row);
      else if (!follows && event.clientY < top + height / 2) return other.before(row);
    }
  });

  function drop() {
    if (!row) return;
    delete row.dataset.dragged;
    const form = row.closest("form");
    const moved = row.previousElementSibling !== before;
    row = null;
    if (moved) form.dispatchEvent(new Event("change", { bubbles: true }));
  }

  document.addEventListener("pointerup", drop);
  document.addEventListener("pointercancel", drop);
})();
