// A button beside each password field that shows what was typed.
(() => {
  const template = document.getElementById("show-password");
  if (!template) return;
  for (const input of document.querySelectorAll('input[type="password"]')) {
    const button = template.content.firstElementChild.cloneNode(true);
    const show = button.textContent;
    const frame = document.createElement("div");
    frame.className = "password-field";
    input.replaceWith(frame);
    frame.append(input, button);
    button.addEventListener("click", () => {
      const shown = input.type === "password";
      input.type = shown ? "text" : "password";
      button.textContent = shown ? button.dataset.hide : show;
      button.setAttribute("aria-pressed", String(shown));
      input.focus();
    });
    // Sent as a password, so that browsers do not remember it as an ordinary text.
    input.form?.addEventListener("submit", () => { input.type = "password"; });
  }
})();
