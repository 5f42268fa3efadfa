// How messages, and results of recipes, come into the page: from a frame of the socket, or from the
// answer to a form. They are the elements with data-order; what the socket fills has data-stream. Swap style `upsert` replaces the element of the same id or inserts it in order; another answer
// to the same question takes the place of the one on show, with all that followed from it.
(() => {
  const order = (element) => Number(element.dataset.order || 0);

  // Whether a message is of another branch than the one on show: below a message that is not
  // here, or an older version of one that is.
  function elsewhere(list, { dataset: { parent, order: own } }) {
    if (!parent) return false;
    if (!document.getElementById(`message-${parent}`)) return true;
    return [...list.children].some((shown) => shown.dataset.parent === parent && order(shown) > own);
  }

  function insert(list, message) {
    for (const shown of [...list.children]) {
      if (message.dataset.parent && shown.dataset.parent === message.dataset.parent) {
        while (shown.nextElementSibling) shown.nextElementSibling.remove();
        shown.remove();
        break;
      }
    }
    const later = [...list.children].reverse().find((shown) => order(shown) <= order(message));
    if (later) later.after(message);
    else list.prepend(message);
  }

  function place(list, message, late) {
    const shown = document.getElementById(message.id);
    if (!shown && elsewhere(list, message)) return;
    // A text that is sent as known is here, and htmx keeps it.
    const kept = message.querySelector("[hx-preserve]");
    if (kept && !document.getElementById(kept.id)) reload();
    else if (!shown) insert(list, message);
    // A form's answer is older than what the socket already showed of the same Run.
    else if (!late || shown.dataset.run !== message.dataset.run) shown.replaceWith(message);
  }

  htmx.registerExtension("upsert", {
    handle_swap(style, target, fragment, { late }) {
      if (style !== "upsert") return false;
      const messages = [...fragment.children].filter((element) => element.matches("[data-order]"));
      for (const message of messages) place(target, message, late);
      return messages.filter((message) => message.isConnected);
    },
  });

  function reload() {
    document.getElementById("reload").replaceChildren();
    const filled = `#${document.querySelector("[data-stream]").id}`;
    htmx.ajax("GET", location.pathname, {
      source: filled, target: filled, select: filled, swap: "outerHTML",
    });
  }

  // A title that the model made shows in the sidebar and the tab, too.
  function retitle() {
    const id = document.getElementById("conversation")?.dataset.conversation;
    const title = document.getElementById(`title-${id}`)?.textContent.trim();
    const name = document.getElementById(`name-${id}`);
    if (!title || name?.textContent === title) return;
    name?.replaceChildren(title);
    document.title = `${title} · Causerie`;
  }

  document.addEventListener("htmx:after:swap", (event) => {
    const { text } = event.detail.ctx;
    if (document.querySelector("#reload [data-reload]")) reload();
    else if (text?.includes('id="title-')) retitle();
  });
})();
