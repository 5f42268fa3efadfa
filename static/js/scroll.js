// Follows a growing answer only while the reader is at its end; never moves a reader who went up.
(() => {
  const NEAR = 60;
  let follow = true;
  let lastTop = 0;
  const page = document.scrollingElement;

  const atEnd = () => page.scrollHeight - page.scrollTop - page.clientHeight < NEAR;
  const jumpButton = () => document.querySelector("[data-jump]");

  function toEnd() {
    page.scrollTo({ top: page.scrollHeight, behavior: "instant" });
    lastTop = page.scrollTop;
  }

  function show() {
    const button = jumpButton();
    if (button) button.hidden = follow || atEnd();
  }

  window.addEventListener("scroll", () => {
    const top = page.scrollTop;
    if (top < lastTop - 1) follow = false;
    if (atEnd()) follow = true;
    lastTop = top;
    show();
  }, { passive: true });

  // Reacts after layout, so reading the height costs nothing extra.
  const watcher = new ResizeObserver(() => {
    if (follow) toEnd();
    show();
  });

  // Earlier messages load before the reader reaches the top.
  const early = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      early.unobserve(target); // one try; after a failure the link is still there to press
      htmx.trigger(target, "near");
    }
  }, { rootMargin: "600px 0px 0px" });

  function watch() {
    const messages = document.getElementById("messages");
    watcher.disconnect();
    if (messages) watcher.observe(messages);
    const older = document.querySelector("[data-older]");
    early.disconnect();
    if (older && page.scrollHeight > page.clientHeight) early.observe(older);
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-jump]")) return;
    follow = true;
    toEnd();
    show();
  });

  document.addEventListener("htmx:before:swap", (event) => {
    const source = event.detail.ctx.sourceElement;
    if (source?.id === "composer") follow = true;
    // Earlier messages are put in above: keep what is being read where it is.
    if (source?.matches?.("[data-older]")) {
      follow = false;
      const before = page.scrollHeight - page.scrollTop;
      source.ownerDocument.addEventListener("htmx:after:swap", () => {
        page.scrollTo({ top: page.scrollHeight - before, behavior: "instant" });
        lastTop = page.scrollTop;
      }, { once: true });
    }
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.sourceElement?.matches?.("#composer, [data-older]")) watch();
  });

  if (!document.getElementById("messages")) return;
  history.scrollRestoration = "manual";
  if (!location.search.includes("before=") && !location.hash.startsWith("#message-")) toEnd();
  else follow = false;
  watch();
})();
