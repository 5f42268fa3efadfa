// Saved prompts in the composer: `/` at its start, or the button beside it, opens a list. Arrow
// keys, Enter and Escape work on it while the focus stays in the field. A prompt without
// variables is inserted at once, one with variables asks for them in a dialog.
(() => {
  const LONGEST = 80;
  const WAIT = 120;
  let open = false;
  let typed = false; // opened by a slash, which the prompt will replace
  let dismissed = false; // by Escape, until the slash is gone
  let place = null; // where a prompt goes that was asked for by the button
  let stale = false; // what is listed does not fit what is typed (yet)
  let hasty = false; // Enter was pressed meanwhile
  let timer = 0;

  const box = () => document.getElementById("prompts");
  const field = () => document.getElementById("composer-text");
  const button = () => document.querySelector("[data-prompts]");
  const dialog = () => document.getElementById("dialog");
  const options = () => [...box().querySelectorAll('[role="option"]:not([hidden])')];
  const active = () => box().querySelector('[aria-selected="true"]');

  function command() {
    const { value } = field();
    return value.startsWith("/") && value.length <= LONGEST && !value.includes("\n");
  }

  const wanted = () => (typed ? field().value.slice(1) : "");

  function ask(query) {
    clearTimeout(timer);
    const url = `${box().dataset.url}?q=${encodeURIComponent(query)}`;
    htmx.ajax("GET", url, { source: box(), target: box(), swap: "innerHTML" });
  }

  function show(bySlash) {
    const first = !open;
    open = true;
    typed = bySlash;
    stale = true;
    button()?.setAttribute("aria-expanded", "true");
    clearTimeout(timer);
    const query = wanted();
    if (first) ask(query);
    else timer = setTimeout(() => ask(query), WAIT);
  }

  function hide() {
    clearTimeout(timer);
    if (!open) return;
    open = stale = hasty = false;
    box().hidden = true;
    button()?.setAttribute("aria-expanded", "false");
    field().removeAttribute("aria-activedescendant");
    field().removeAttribute("aria-controls");
  }

  function mark(option) {
    active()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) field().setAttribute("aria-activedescendant", option.id);
    else field().removeAttribute("aria-activedescendant");
  }

  // Above the composer, or below it where there is more room; never out of the window.
  function settle() {
    const { top, bottom } = document.getElementById("composer").getBoundingClientRect();
    const below = top < 240 && window.innerHeight - bottom > top;
    const room = (below ? window.innerHeight - bottom : top) - 16;
    box().classList.toggle("prompts--below", below);
    box().style.maxHeight = `${Math.max(120, Math.min(room, window.innerHeight * 0.45))}px`;
  }

  function dress() {
    if (box().querySelector("[data-query]").dataset.query !== wanted()) return;
    const text = typed ? "" : field().value.trim();
    box().querySelector("#pick-save").hidden = !text;
    box().querySelector("#pick-new").hidden = Boolean(text);
    settle();
    box().hidden = stale = false;
    field().setAttribute("aria-controls", "prompt-picks");
    mark(box().querySelector("[data-fill]"));
    document.getElementById("announcer")?.replaceChildren(box().querySelector("[data-said]").textContent);
    if (hasty) enter();
  }

  // Enter chooses; where nothing fits it sends what was typed.
  function enter() {
    if (active()) return choose(active());
    hide();
    document.getElementById("composer").requestSubmit();
  }

  function step(by) {
    const all = options();
    const at = all.indexOf(active());
    mark(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length]);
  }

  function choose(option) {
    const { fill, save, go } = option.dataset;
    place = typed ? null : [field().selectionStart, field().selectionEnd];
    hide();
    if (go) location.assign(go);
    else htmx.ajax("GET", fill || save, { target: dialog(), swap: "innerHTML" });
  }

  function insert(text) {
    const area = field();
    const [start, end] = place || [0, area.value.length];
    area.setRangeText(text, start, end, "end");
    area.focus();
    dismissed = true; // the text itself may begin with a slash
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("input", (event) => {
    if (event.target !== field() || !box()) return;
    if (!command()) dismissed = false;
    if (command() && !dismissed) show(true);
    else hide();
  });

  // In the capture phase: Enter chooses before the composer would send.
  document.addEventListener("keydown", (event) => {
    if (!open || event.target !== field() || event.isComposing || event.keyCode === 229) return;
    const { key } = event;
    const plain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (key === "Escape") {
      hide();
      dismissed = true;
    } else if (key === "Enter" && plain && stale && typed) hasty = true;
    else if (stale) return;
    else if (key === "ArrowDown") step(1);
    else if (key === "ArrowUp") step(-1);
    else if ((key === "Enter" || key === "Tab") && plain && active()) choose(active());
    else return;
    event.preventDefault();
  }, true);

  document.addEventListener("mousedown", (event) => {
    if (event.target.closest("#prompts")) event.preventDefault(); // the field keeps the focus
  });

  document.addEventListener("click", (event) => {
    const option = event.target.closest('#prompts [role="option"]');
    if (option) return choose(option);
    if (event.target.closest("[data-prompts]")) {
      const close = open;
      hide();
      field().focus();
      if (!close) show(command());
    } else if (!event.target.closest("#composer")) hide();
  });

  // Without an answer from the server Enter sends again.
  document.addEventListener("htmx:finally:request", (event) => {
    if (event.detail.ctx.sourceElement === box() && event.detail.ctx.status !== "swapped") hide();
  });

  document.addEventListener("focusout", (event) => {
    if (event.target === field() && event.relatedTarget && !event.relatedTarget.closest("#prompts, [data-prompts]")) hide();
  });

  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.sourceElement === box() && open && box().firstElementChild) dress();
    const filled = dialog()?.querySelector("[data-filled]");
    if (filled) {
      const text = filled.textContent;
      dialog().replaceChildren();
      insert(text);
    }
    const kept = dialog()?.querySelector("[data-save-prompt] [name=text]");
    if (kept && !kept.value && !typed && event.detail.ctx.sourceElement === dialog()) kept.value = field().value.trim();
  });
})();
