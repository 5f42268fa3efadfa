// A recipe's form while it is being filled in: the check of one field sends that field only, not
// the texts and files of all the others; what it says is tied to the field for screen readers. A
// field that is of use only with a value of another is shown with it.
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

  // One more may come where nobody looks, beside results that are longer than the screen.
  document.addEventListener("htmx:after:swap", (event) => {
    if (!event.detail.ctx.sourceElement?.matches("[data-more]")) return;
    document.querySelector("#results > :last-child")?.scrollIntoView({ block: "nearest" });
  });

  function fit() {
    const form = document.getElementById("recipe-form");
    for (const field of form?.querySelectorAll("[data-only-with]") ?? []) {
      const { onlyWith, onlyValue } = field.dataset;
      // What is wrong must be seen: the browser, too, leads to it.
      const isWrong = field.querySelector(":invalid, .errorlist") !== null;
      field.hidden = form.querySelector(`[name="${onlyWith}"]`).value !== onlyValue && !isWrong;
    }
  }

  document.addEventListener("change", fit);
  document.addEventListener("htmx:after:swap", fit);
  fit();
})();
