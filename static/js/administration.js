// Landmarks for the administration: Unfold's frame marks its navigation, every small menu and
// every scrolled box as one, but not the part of the page that all is about. On load, since the
// scrolled boxes are made by a script of its own.
window.addEventListener("load", () => {
  document.getElementById("main")?.setAttribute("role", "main");
  for (const box of document.querySelectorAll("nav:not(#nav-sidebar-inner)")) box.role = "none";
  for (const box of document.querySelectorAll(".simplebar-content-wrapper")) box.role = "group";
});
