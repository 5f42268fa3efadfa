// A form that takes a while says so on its button, and is sent once.
(() => {
  const forms = document.querySelectorAll("form[data-busy]");
  for (const form of forms) {
    const button = form.querySelector("button");
    const label = button.textContent;
    form.addEventListener("submit", (event) => {
      if (form.ariaBusy === "true") return event.preventDefault();
      form.ariaBusy = "true";
      button.textContent = form.dataset.busy;
    });
    // Back again, the page is as it was left.
    window.addEventListener("pageshow", () => {
      form.ariaBusy = null;
      button.textContent = label;
    });
  }
})();
