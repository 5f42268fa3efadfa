// The sidebar: folded away on wide screens (kept in a cookie), its place kept between pages,
// and the small dialogs and fields its menus bring in.
(() => {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const scroller = document.querySelector("[data-keep-scroll]");

  function toggle() {
    const closed = document.body.classList.toggle("shell--closed");
    document.cookie = `sidebar=${closed ? "closed" : "open"}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    document.querySelector(closed ? ".topbar-open" : ".sidebar-close")?.focus();
  }

  function hideMenus() {
    for (const menu of document.querySelectorAll(".menu:popover-open")) menu.hidePopover();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-toggle-sidebar]")) toggle();
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    if (event.target.closest(".menu a")) hideMenus();
  });

  // A dialog that was swapped in opens itself; the page is the same without it.
  document.addEventListener("htmx:after:swap", () => {
    for (const dialog of document.querySelectorAll("dialog[data-open]")) {
      dialog.removeAttribute("data-open");
      document.getElementById("sidebar")?.matches(":popover-open") && document.getElementById("sidebar").hidePopover();
      dialog.addEventListener("close", () => dialog.remove());
      dialog.showModal();
    }
  });

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("[data-cancel]");
    if (event.key !== "Escape" || !field) return;
    event.preventDefault();
    const row = field.closest("li");
    htmx.ajax("GET", field.dataset.cancel, { target: `#${row.id}`, swap: "outerHTML" })
      .then(() => document.querySelector(`#${row.id} a`)?.focus());
  });

  if (!scroller) return;
  scroller.scrollTop = Number(sessionStorage.getItem("sidebar-scroll") || 0);
  window.addEventListener("pagehide", () => {
    sessionStorage.setItem("sidebar-scroll", String(scroller.scrollTop));
  });
})();
