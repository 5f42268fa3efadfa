// What the socket and the server's answers say about the connection, and a polite reading of
// streamed answers to screen readers: whole sentences, a few seconds apart.
(() => {
  const PATIENCE = 1200;
  const PAUSE = 2500;
  const GONE = [4401, 4403, 4404];
  let offlineTimer = 0;
  let stopped = false;

  function banner(name) {
    for (const element of document.querySelectorAll(".banner")) {
      element.hidden = element.id !== `banner-${name}`;
    }
  }

  document.addEventListener("htmx:ws:close", (event) => {
    if (stopped) return; // told already; what follows is our own refusal to connect again
    const { code, reason } = event.detail;
    clearTimeout(offlineTimer);
    if (code === 4401 || code === 4403) banner("session");
    else if (code === 4404) banner("gone");
    stopped = GONE.includes(code);
    if (stopped || reason === "removed" || document.hidden) return;
    offlineTimer = setTimeout(() => document.hidden || banner("offline"), PATIENCE);
  });

  // After a refusal another try would only be refused again.
  document.addEventListener("htmx:before:ws:connection", (event) => {
    if (stopped) event.preventDefault();
  });

  document.addEventListener("htmx:after:ws:connection", () => {
    clearTimeout(offlineTimer);
    if (!document.getElementById("banner-offline")?.hidden) banner("");
  });

  document.addEventListener("htmx:before:request", () => {
    if (!document.getElementById("banner-failed")?.hidden) banner("");
  });

  // Staying here keeps what was typed; the server would lead to the sign-in page.
  document.addEventListener("htmx:before:response", (event) => {
    if (event.detail.ctx.response.status !== 401) return;
    event.preventDefault();
    banner("session");
  });

  document.addEventListener("htmx:response:error", (event) => {
    const { ctx } = event.detail;
    const { status } = ctx.response;
    // A limit of this house says where its sentence goes; whoever else says 429 does not.
    if (status === 429 && ctx.hx.retarget) return;
    if (status === 429) ctx.swap = "none";
    if (status === 403) banner("stale");
    else if (status === 404) banner("gone");
    else if (status >= 500 || status === 429 || status === 400) banner("failed");
  });

  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx && !event.detail.ctx.response) banner("failed");
  });

  // Reading aloud.
  let spoken = 0;
  let speaking = "";
  let next = 0;

  function say(text) {
    const announcer = document.getElementById("announcer");
    if (announcer && text.trim()) announcer.replaceChildren(text);
  }

  function read(final) {
    next = 0;
    const answer = document.getElementById(speaking);
    const text = answer?.querySelector(".prose")?.textContent ?? "";
    const fresh = text.slice(spoken);
    const sentences = final ? fresh : fresh.match(/^[\s\S]*[.!?。！？:：\n]/)?.[0] ?? "";
    if (sentences) {
      spoken += sentences.length;
      say(sentences);
    }
    if (final) speaking = "";
  }

  document.addEventListener("htmx:after:ws:message", () => {
    const live = document.querySelector("[data-stream] [data-live]");
    if (live && live.id !== speaking) {
      speaking = live.id;
      spoken = live.querySelector(".prose")?.textContent.length ?? 0;
    }
    if (!speaking) return;
    if (!live) {
      clearTimeout(next);
      read(true);
    } else if (!next) {
      next = setTimeout(read, PAUSE);
    }
  });
})();
