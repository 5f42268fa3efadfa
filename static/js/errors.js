// What was wrong in a form of recipes is said until it is mended: a field's is gone when the field is
// changed, and all of it when what the form was sent for is made.
(() => {
  function forget(box) {
    for (const said of box.querySelectorAll(".errorlist")) said.remove();
    for (const control of box.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  }

  function changed({ target }) {
    const field = target.closest?.(".recipe-form .field, #recipe-edit .field");
    if (!field) return;
    // Of a text, a file and an address one is enough.
    const mended = field.matches("[data-one-of]") ? document.querySelectorAll("[data-one-of]") : [field];
    mended.forEach(forget);
    summed();
  }

  // Above the editor stands that something is wrong below.
  function summed() {
    const editor = document.getElementById("recipe-edit");
    if (editor && !editor.querySelector(".errorlist")) editor.querySelector("[data-refusal]")?.remove();
  }

  document.addEventListener("input", changed);
  document.addEventListener("change", changed);

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    const form = ctx.sourceElement;
    if (form?.id === "recipe-form" && form.isConnected && ctx.response.status < 400) {
      forget(form);
      form.querySelector("[data-refusal]").replaceChildren();
    }
    // Rows were added for what the prompt uses, or removed.
    const prompt = document.querySelector("#recipe-edit [name=prompt]");
    if (prompt && form?.name === "do") {
      forget(prompt.closest(".field"));
      summed();
    }
  });
})();
