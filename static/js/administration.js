// Landmarks for the administration: Unfold's frame marks its navigation, every small menu and
// every scrolled box as one, but not the part of the page that all is about. On load, since the
// scrolled boxes are made by a script of its own.
window.addEventListener("load", () => {
  document.getElementById("main")?.setAttribute("role", "main");
  for (const box of document.querySelectorAll("nav:not(#nav-sidebar-inner, [aria-label])")) box.role = "none";
  for (const box of document.querySelectorAll(".simplebar-content-wrapper")) box.role = "group";
  // The empty head above the buttons that remove a row names nothing.
  for (const head of document.querySelectorAll("th")) {
    if (!head.textContent.trim()) head.role = "cell";
  }
  // Queued behind the functions that make the fields of several.
  window.django?.jQuery?.(nameSearches);
});

// A field of one is named by its value alone, which may be none, and holds another. The search within
// a field of several has no name, and its list holds more than items.
function nameSearches() {
  for (const field of document.querySelectorAll(".select2-selection--single")) {
    const select = field.closest(".select2").previousElementSibling;
    const label = select?.labels?.[0];
    if (!label) continue;
    label.id ||= `${select.id}-label`;
    const value = field.querySelector(".select2-selection__rendered");
    value.role = value.ariaReadOnly = null;
    field.setAttribute("aria-labelledby", `${label.id} select2-${select.id}-container`);
  }
  for (const field of document.querySelectorAll(".select2-search--inline input")) {
    const select = field.closest(".select2")?.previousElementSibling;
    field.ariaLabel = select?.labels?.[0]?.textContent.trim() ?? "";
    field.closest("ul").role = "none";
    for (const item of field.closest("ul").children) item.role = "none";
  }
}
