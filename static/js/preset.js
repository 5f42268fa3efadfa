// Choosing a server fills in what is known of it, except over what the person typed themselves,
// and says where its key is made.
(() => {
  const select = document.getElementById("id_preset");
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

  const put = (id, value) => {
    const field = document.getElementById(id);
    const isFree = !field.value.trim() || known.has(field.value);
    if (isFree) field.value = value ?? "";
    return isFree;
  };

  const fill = () => {
    const preset = select.selectedOptions[0].dataset;
    put("id_name", preset.name);
    if (put("id_base_url", preset.baseUrl)) {  // kind and network belong to the address
      document.getElementById("id_kind").value = preset.kind ?? "openai";
      document.getElementById("id_allow_private").checked = preset.private === "true";
    }
    explain();
  };

  select.addEventListener("change", fill);
  explain();
})();
