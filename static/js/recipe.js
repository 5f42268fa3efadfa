// A recipe's form while it is being filled in: the check of one field sends that field only, not
// the texts and files of all the others; what it says is tied to the field for screen readers.
(() => {
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    if (!ctx.sourceElement.matches("[data-check]")) return;
    const kept = new Set(["csrfmiddlewaretoken"]);
    for (const control of ctx.sourceElement.querySelectorAll("[name]")) kept.add(control.name);
    for (const name of [...ctx.request.body.keys()]) {
      if (!kept.has(name)) ctx.request.body.delete(name);
    }
  });

  document.addEventListener("htmx:after:swap", (event) => {
    if (!event.detail.ctx.sourceElement?.matches("[data-check]")) return;
    const field = event.detail.ctx.sourceElement;
    const errors = field.querySelector(".field-errors");
    for (const control of field.querySelectorAll("[name]")) {
      control.setAttribute("aria-invalid", String(Boolean(errors.textContent.trim())));
      control.setAttribute("aria-errormessage", errors.id);
    }
  });
})();
