// The composer: Enter sends (not while an input method composes), the draft is kept, one
// client_id belongs to one question until it was taken, and Send turns into Stop while an
// answer is being written.
(() => {
  const DRAFT_DELAY = 700;
  let draftTimer = 0;
  let draftSaved = null;
  let draftOnItsWay = new AbortController();
  let tried = false; // this text was sent once: the server may have it although we heard nothing

  const composer = () => document.getElementById("composer");
  const field = () => document.getElementById("composer-text");
  const liveAnswer = () => document.querySelector("#messages [data-live]");

  function uuid() {
    if (crypto.randomUUID) return crypto.randomUUID();
    // Not offered on plain-http addresses other than loopback.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  function renew(form) {
    const input = form?.querySelector("[name=client_id]");
    if (input) input.value = uuid();
  }

  // Browsers without `field-sizing` grow the field here.
  function grow() {
    const area = field();
    if (!area || CSS.supports("field-sizing", "content")) return;
    area.rows = Math.min(12, Math.max(1, area.value.split("\n").length));
  }

  function refresh() {
    const form = composer();
    if (!form) return;
    const live = Boolean(liveAnswer());
    const send = form.querySelector("[type=submit]");
    const stop = form.querySelector("[data-stop]");
    if (stop.hidden === live) {
      const focused = form.contains(document.activeElement) && document.activeElement !== field();
      stop.hidden = !live;
      send.hidden = live;
      if (focused) (live ? stop : send).focus();
      if (!live) stop.disabled = false;
    }
  }

  function say(message) {
    const box = document.getElementById("composer-error");
    if (box) box.textContent = message;
  }

  function saveDraft(last = false) {
    clearTimeout(draftTimer);
    const form = composer();
    const url = form?.dataset.draftUrl;
    const text = field()?.value ?? "";
    if (!url || text === draftSaved || text.length > Number(form.dataset.longest)) return;
    draftSaved = text;
    const body = new URLSearchParams({
      text,
      csrfmiddlewaretoken: form.querySelector("[name=csrfmiddlewaretoken]").value,
    });
    draftOnItsWay = new AbortController();
    const { signal } = draftOnItsWay;
    fetch(url, { method: "POST", body, signal, keepalive: last && text.length < 20000 })
      .then(({ ok }) => { if (!ok) draftSaved = null; })
      .catch(() => { draftSaved = null; });
  }

  function start() {
    const form = composer();
    if (!form) return;
    renew(form);
    renew(document.getElementById("acts"));
    const area = field();
    draftSaved = area.value;
    grow();
    refresh();
  }

  document.addEventListener("input", (event) => {
    if (event.target !== field()) return;
    grow();
    say("");
    if (tried) renew(composer()); // an edited text is another message
    tried = false;
    clearTimeout(draftTimer);
    draftTimer = setTimeout(saveDraft, DRAFT_DELAY);
  });

  document.addEventListener("keydown", (event) => {
    if (event.target !== field() || event.key !== "Enter" || event.defaultPrevented) return;
    if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (liveAnswer() || !field().value.trim()) return;
    composer().requestSubmit();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-stop]")) {
      event.target.closest("[data-stop]").disabled = true;
      if (!event.detail) field().focus(); // by the keyboard: a disabled button would lose its place
      liveAnswer()?.querySelector("[data-stop-answer]")?.click();
    }
    const starter = event.target.closest("[data-starter]");
    if (starter) {
      event.preventDefault();
      field().value = starter.textContent.trim();
      field().focus();
      field().dispatchEvent(new Event("input", { bubbles: true }));
    }
  });

  // A second Enter while the first is on its way, or an empty field, sends nothing.
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement !== composer()) return;
    const busy = composer().getAttribute("aria-busy") === "true";
    const tooLong = field().value.length > Number(composer().dataset.longest);
    if (tooLong) say(composer().dataset.tooLong);
    if (busy || tooLong || liveAnswer() || !field().value.trim()) event.preventDefault();
    else {
      composer().setAttribute("aria-busy", "true");
      tried = true;
      draftOnItsWay.abort(); // it would bring the sent text back as a draft
    }
    clearTimeout(draftTimer);
  });

  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const taken = ctx.response?.status < 300 && !ctx.response.headers.get("HX-Reswap");
    if (ctx.sourceElement?.form?.id === "acts" && taken) renew(document.getElementById("acts"));
    if (ctx.sourceElement !== composer()) return;
    if (ctx.response?.status === 422) renew(composer()); // nothing was made
    if (!taken) return;
    tried = false;
    draftSaved = "";
    field().value = "";
    say("");
    grow();
    renew(composer());
  });

  document.addEventListener("htmx:finally:request", (event) => {
    if (event.detail.ctx.sourceElement?.id === "composer") composer()?.removeAttribute("aria-busy");
    refresh();
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.sourceElement?.id === "composer" && !document.contains(event.detail.ctx.sourceElement)) {
      start();
      field()?.focus();
    }
    refresh();
  });
  window.addEventListener("pagehide", () => saveDraft(true));
  window.addEventListener("pageshow", start);
})();
