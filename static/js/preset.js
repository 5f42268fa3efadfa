// Choosing a server fills in what is known of it, except over what the person typed themselves,
// and says where its key is made.
(() => {
  const select = document.getElementById("id_preset");
  const fields = { name: "id_name", baseUrl: "id_base_url" };
  if (!select) return;
  const known = new Set([...select.options].flatMap((each) => [each.dataset.name, each.dataset.baseUrl]));
  const hint = document.createElement("p");
  hint.className = "leading-relaxed mt-2 text-xs";
  hint.setAttribute("role", "status");
  document.getElementById("id_key").after(hint);

  const explain = () => {
    const url = select.selectedOptions[0]?.dataset.keyUrl;
    hint.replaceChildren();
    if (!url) return;
    const link = document.createElement("a");
    Object.assign(link, { href: url, textContent: url, target: "_blank", rel: "noopener noreferrer" });
    link.className = "underline";
    hint.append(`${select.dataset.keyHint} `, link);
  };

  const fill = () => {
    const preset = select.selectedOptions[0].dataset;
    for (const [what, id] of Object.entries(fields)) {
      const field = document.getElementById(id);
      if (!field.value.trim() || known.has(field.value)) field.value = preset[what] ?? "";
    }
    if (preset.kind) document.getElementById("id_kind").value = preset.kind;
    document.getElementById("id_allow_private").checked = preset.private === "true";
    explain();
  };

  select.addEventListener("change", fill);
  explain();
})();
