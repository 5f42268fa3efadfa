// What is shown once is not brought back by going back: the browser may keep a page as it was left.
addEventListener("pagehide", () => {
  for (const shown of document.querySelectorAll("[data-once]")) shown.remove();
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
