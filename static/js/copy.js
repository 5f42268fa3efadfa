// Copies a message, a code block, or the field that a button names. Code blocks of answers get
// their button when the answer is complete: a streaming answer keeps exactly the elements the
// server sends.
(() => {
  const label = (name) => document.body.dataset[name] || name;

  async function write(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  function done(button) {
    const announcer = document.getElementById("announcer");
    announcer?.replaceChildren(announcer.dataset.copied || label("copied"));
    const use = button.querySelector("use");
    if (!use) return;
    const before = use.getAttribute("href");
    use.setAttribute("href", "#icon-check");
    setTimeout(() => use.setAttribute("href", before), 1600);
  }

  function textOf(button) {
    if (button.dataset.copy.startsWith("#")) return document.querySelector(button.dataset.copy).value;
    const block = button.closest(".code");
    if (block) return block.querySelector("pre").textContent.replace(/\n$/, "");
    return button.closest("[data-order]").querySelector(button.dataset.copy).innerText;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await write(textOf(button));
    done(button);
  });

  function dress(root) {
    for (const block of root.querySelectorAll("[data-order]:not([data-live]) .prose .code")) {
      if (block.querySelector(".code-copy")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "icon-button code-copy";
      button.dataset.copy = "pre";
      button.setAttribute("aria-label", label("copyCode"));
      button.innerHTML = '<svg class="icon icon--small" aria-hidden="true"><use href="#icon-copy"/></svg>';
      block.append(button);
    }
  }

  document.addEventListener("htmx:after:swap", (event) => {
    // The end of an answer comes without the text that the page has.
    if (/<pre|hx-preserve/.test(event.detail.ctx.text)) dress(document);
  });
  dress(document);
})();
